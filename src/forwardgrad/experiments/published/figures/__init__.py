"""Figures of the audit: each module begins with the function of its name, which draws it from results."""
