"""Threads of a program share few arenas, and what they freed can be given back."""

import os
import subprocess
import sys

import pytest

# Counts the arenas after sixteen threads have allocated at the same time.
CODE = """
import ctypes, sys, threading
from centernet_tf.malloc_arenas import limit_arenas
if sys.argv[1] == "limited":
    limit_arenas()
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
barrier = threading.Barrier(16)
def work():
    barrier.wait()
    libc.malloc(50_000)
    barrier.wait()
threads = [threading.Thread(target=work) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
stream = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, stream)
libc.fflush(None)
"""


def arenas(tmp_path, how, **environment):
    path = tmp_path / "info.xml"
    inherited = {key: os.environ[key] for key in os.environ if key != "MALLOC_ARENA_MAX"}
    environment = {**inherited, **environment, "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", CODE, how, str(path)], check=True, env=environment)
    return path.read_text().count("<heap nr=")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's arenas are of Linux")
def test_arenas_are_limited(tmp_path):
    most = max(1, os.cpu_count() // 2)
    if arenas(tmp_path, "as it is") <= most:
        pytest.skip("the C library makes few arenas by itself")
    assert arenas(tmp_path, "limited") <= most
    # What the user says is left alone.
    assert arenas(tmp_path, "limited", MALLOC_ARENA_MAX="16") > most


# Fills 200 MB in small pieces and frees all but each thousandth; the last one stays.
FRAGMENTS = """
import ctypes, resource
from centernet_tf.malloc_arenas import give_back_freed_memory
libc = ctypes.CDLL("libc.so.6")
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def resident():
    with open("/proc/self/statm") as stream:
        return int(stream.read().split()[1]) * resource.getpagesize() / 1e6
pieces = [libc.malloc(20_000) for _ in range(10_000)]
for piece in pieces:
    libc.memset(piece, 1, 20_000)
for number, piece in enumerate(pieces):
    if number % 1000 != 999:
        libc.free(piece)
before = resident()
give_back_freed_memory()
print(before - resident())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's arenas are of Linux")
def test_freed_memory_is_given_back():
    command = [sys.executable, "-c", FRAGMENTS]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    done = subprocess.run(command, check=True, env=environment, capture_output=True, text=True)
    assert float(done.stdout) > 150
