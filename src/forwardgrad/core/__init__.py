"""The library itself: tangents, forward mode, estimators of the gradient, and the models they are tried on."""
