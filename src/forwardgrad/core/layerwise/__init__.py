"""Estimators that take the layers one by one, and the examples of a batch one by one."""
