"""Figures of the test functions."""
