"""What one training step costs by every method, in time and in memory, beside backpropagation."""
