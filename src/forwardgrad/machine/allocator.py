"""Keep freed memory within the process: large activations then reuse warm pages instead of asking for new ones.

By default glibc returns blocks of many megabytes to the system as soon as they are freed, and raises its
threshold for that from what it has seen. The same step of the paper's CNN then takes 41 or 50 ms, depending
on what happened to be freed before. PyTorch's tuning guide recommends another allocator for this reason;
telling glibc's own to keep memory needs no installation. Measurements set it for every method alike.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in glibc's malloc.h
LARGE = 2**31 - 1
MMAP_LARGE = 2**30


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed; return whether it took the advice (glibc does)."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, MMAP_LARGE)) and bool(mallopt(TRIM_THRESHOLD, LARGE))
