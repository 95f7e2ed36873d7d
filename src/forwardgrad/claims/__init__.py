"""The ledger of claims: how each is checked, what the results say of it, and the verdict."""
