"""Which records of a split cannot be used, and why."""

from typing import List, Tuple

import tensorflow as tf

from centernet_tf.data.encoded_image import read_pixels
from centernet_tf.data.guarded_map import guarded_map
from centernet_tf.data.record_parser import parse_record
from centernet_tf.data.record_stream import read_whole_shards


def unusable_records(manifest, split: str) -> List[Tuple[str, str]]:
    """Reads and decodes every record of a split; returns (file name, reason) of those that fail."""
    class_ids = list(manifest.class_ids)

    def decode(seed, serialized):
        del seed
        return tf.shape(read_pixels(parse_record(serialized, class_ids, check_ids=False).image))

    records = read_whole_shards(manifest.split(split))
    records = records.map(lambda serialized: (tf.zeros([2], tf.int32), serialized))
    return [
        (element.file_name.numpy().decode("utf-8", "replace"), element.fault.numpy().decode())
        for element in guarded_map(records, decode)
        if element.fault != ""
    ]
