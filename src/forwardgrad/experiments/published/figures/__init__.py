"""Figures of the published runs: each module begins with the function of its name, which draws it from results."""
