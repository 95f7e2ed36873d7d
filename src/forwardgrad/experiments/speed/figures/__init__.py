"""Figures of the cost of steps: each module begins with the function of its name, which draws it from results."""
