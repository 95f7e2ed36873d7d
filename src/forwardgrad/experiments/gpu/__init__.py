"""Everything that is measured on a GPU: one command, a limited time, torch and numpy alone, one folder to publish."""
