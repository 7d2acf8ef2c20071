"""Keeps freed memory from lying about in arenas of the C library.

glibc gives threads arenas of their own, up to eight a core, and memory that was freed in one serves
no other. Records are allocated by the threads that read shards and freed by those that decode, and
each pass over a data set reads with new threads: the training input grew from 0.5 to 2.5 GB.
"""

import ctypes
import os
import sys

_M_ARENA_MAX = -8
_FEWEST = 4


def limit_arenas() -> None:
    """Allows as many arenas as cores, at least four; to be called before threads are started.

    Does nothing where the user has set MALLOC_ARENA_MAX, or the C library is another.
    """
    if "MALLOC_ARENA_MAX" in os.environ or not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, max(_FEWEST, os.cpu_count() or 1))
    except (OSError, AttributeError):
        return
