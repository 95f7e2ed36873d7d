"""Published results of the full protocol: a few tables under version control, and how a rerun agrees with them."""
