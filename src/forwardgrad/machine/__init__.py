"""The machine: its memory, its clock, its GPU, and a record of what it is."""
