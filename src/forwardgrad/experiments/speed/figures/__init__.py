"""Figures of the cost of steps, each drawn from results."""
