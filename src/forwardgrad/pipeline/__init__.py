"""What drives the workflow: the command line, the check of a configuration, digests of code, and warm workers."""
