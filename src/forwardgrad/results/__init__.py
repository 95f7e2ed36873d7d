"""What happened: results read and checked, with their statistics and curves, and the numbers that others published."""
