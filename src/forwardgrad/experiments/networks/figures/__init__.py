"""The figure of the experiment `networks`."""
