"""Many estimates of one gradient: bias, second moment and angle of every estimator, beside theory."""
