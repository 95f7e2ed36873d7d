"""The experiments, a folder for each kind: what is run, its tables, figures and section of the report."""
