"""Data: what each set is, where its files come from, and how it becomes one `.npz` that every run reads.

`definitions` says what the sets are, `locate` finds or downloads their files and records what it found,
`prepare` turns verified files into arrays with the split of every seed. Runs read the result through
`forwardgrad.dataset` and never import this package. Heavy libraries are imported where they are used.
"""
