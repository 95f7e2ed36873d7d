"""What all figures share: one look (`style`), their pieces (`pieces`), and words for keys and numbers (`labels`)."""
