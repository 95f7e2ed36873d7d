"""What the C library does with freed memory: keep it where time is measured, return it where memory is.

Kept within the process, it lets large activations reuse warm pages instead of asking for new ones. By default glibc
returns blocks of many megabytes to the system as soon as they are freed, and raises its threshold for that from what
it has seen. The same step of the paper's CNN then takes 41 or 50 ms, depending on what happened to be freed before.
PyTorch's tuning guide recommends another allocator for this reason; telling glibc's own to keep memory needs no
installation. Returned at once, it does not hide what a step needs, nor count as needed where a step could not reuse it.
Measurements set it for every method alike.
"""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in glibc's malloc.h
LARGE = 2**31 - 1
MMAP_LARGE = 2**30
SMALL = 2**16  # bytes: whatever is larger has pages of its own, which go with it


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed; return whether it took the advice (glibc does)."""
    return advise(MMAP_LARGE, LARGE)


def return_freed_memory() -> bool:
    """Tell the C library to return what is freed to the system, and was before; return whether it took the advice."""
    taken = advise(SMALL, SMALL)
    if taken:
        ctypes.CDLL(None).malloc_trim(0)
    return taken


def advise(mmap_threshold: int, trim_threshold: int) -> bool:
    """Set from how many bytes on a block has pages of its own, and freed memory at the end is returned."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(MMAP_THRESHOLD, mmap_threshold)) and bool(mallopt(TRIM_THRESHOLD, trim_threshold))
