"""Figures of runs on test functions: each module begins with the function of its name, which draws it from results."""
