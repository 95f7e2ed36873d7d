"""The forward-mode engine: a primal and its tangent pass through a network together, in one forward pass."""
