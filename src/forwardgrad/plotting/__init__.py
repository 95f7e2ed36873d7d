"""Figures: one file per kind, one look (`style`), and the only place where keys become words (`labels`)."""
