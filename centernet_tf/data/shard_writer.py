"""Writes the records of one split to several files, in turn."""

import hashlib
import os
from typing import List

import tensorflow as tf

# All shards of a split are open at once; systems commonly allow a process 1024 files.
MAX_SHARDS = 500


def default_num_shards(num_images: int) -> int:
    """Returns 8 shards, more beyond 8,000 images (1,000 a file), fewer below 32 (4 a file)."""
    return max(1, min(num_images // 4, max(8, -(-num_images // 1000)), MAX_SHARDS))


def shard_names(split: str, num_shards: int) -> List[str]:
    """Returns the names of the files of a split."""
    return [f"{split}-{shard:05d}-of-{num_shards:05d}.tfrecord" for shard in range(num_shards)]


class ShardWriter:
    """Deals records out to `split-00000-of-0000N.tfrecord` files of `folder`, one after the other.

    Every shard so holds a sample of the whole split, also where the data set is sorted by class,
    and memory holds one record at a time.
    """

    def __init__(self, folder: str, split: str, num_shards: int):
        self._names = shard_names(split, num_shards)
        self._paths = [os.path.join(folder, name) for name in self._names]
        self._writers = [tf.io.TFRecordWriter(path) for path in self._paths]
        self._counts = [0] * num_shards
        self._next = 0

    def write(self, record: bytes) -> None:
        """Appends one serialised example to the shard whose turn it is."""
        self._writers[self._next].write(record)
        self._counts[self._next] += 1
        self._next = (self._next + 1) % len(self._writers)

    def close(self) -> List[dict]:
        """Closes the files; returns `{"file", "num_examples", "bytes", "sha256"}` of each."""
        for writer in self._writers:
            writer.close()
        return [
            shard_entry(name, path, count)
            for name, path, count in zip(self._names, self._paths, self._counts)
        ]


def shard_entry(name: str, path: str, num_examples: int) -> dict:
    """Returns what a manifest says of the shard at `path`, which it calls `name`."""
    return {
        "file": name,
        "num_examples": num_examples,
        "bytes": os.path.getsize(path),
        "sha256": _sha256(path),
    }


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
