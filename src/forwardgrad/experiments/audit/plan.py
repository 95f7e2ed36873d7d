"""Plan."""

AUDIT_SPLITS = 20  # splits of penguins on which the audit computes
