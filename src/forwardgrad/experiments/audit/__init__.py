"""What defects in published reproductions do to their numbers, each shown by a small computation."""
