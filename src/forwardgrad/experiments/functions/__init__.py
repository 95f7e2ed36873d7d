"""Test functions, descended by their gradient and by forward gradients, and the time of a step."""
