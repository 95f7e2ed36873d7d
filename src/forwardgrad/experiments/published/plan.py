"""Where the published runs lie, and which of their cells the paper shows."""

FOLDER = "reference/paper"  # below the folder of results
FULL, OTHER = "mnist", {"map": "mnist5k"}  # the data set of the published runs, but for those of these experiments

# Network, learning rate as the paper gives it, and what the names of its methods end with.
CELLS = (("lr", "1e-4", ""), ("mlp", "2e-5", "_low_rate"), ("mlp", "2e-4", ""))
METHODS = ("backprop", "forward_gaussian", "forward_rank_one")
