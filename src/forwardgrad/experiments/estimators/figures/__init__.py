"""Figures of estimates of one gradient: each module begins with the function of its name, which draws the figure."""
