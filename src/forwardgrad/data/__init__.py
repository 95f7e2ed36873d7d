"""Data: what each set is, where its files come from, and how it becomes the one `.npz` that every run reads.

`sets` has a module for each set, `locate` finds or downloads its files and records what it found (`record`), `prepare`
turns verified files into arrays with the split of every seed. Runs read the result through `prepared` and import
nothing else of this folder. Heavy libraries are imported where they are used.
"""
