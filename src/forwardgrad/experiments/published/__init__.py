"""Figures of the runs at the paper's scale, hours of them, from the numbers that are published with the code."""
