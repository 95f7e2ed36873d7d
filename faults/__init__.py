"""Faults, put into real runs of the whole workflow: `make faults`. What they are stands in `declared`."""
