"""One serialised record, and what it is combined with, -> one training example."""

import functools
import importlib
from typing import NamedTuple

import tensorflow as tf

from centernet_tf.data import mixup, mosaic
from centernet_tf.data.augmented import Augmented
from centernet_tf.data.object_list import pad_objects
from centernet_tf.data.record_parser import parse_record
from centernet_tf.ops.color import apply_color, compose_color, normalization_color
from centernet_tf.ops.random_window import random_event, split_seed

# Tells the seeds of mosaic and mix-up from those that the recipe derives of the example's seed.
_COMBINING = 1


class TrainingExample(NamedTuple):
    """An augmented image, its objects (`pad_objects`), and the record's unknown id and name."""

    image: tf.Tensor
    objects: tuple
    unknown_id: tf.Tensor
    file_name: tf.Tensor


class _Read(NamedTuple):
    """What was made of one or more records; id and name are of the first with an unknown id."""

    augmented: Augmented
    unknown_id: tf.Tensor
    file_name: tf.Tensor


def partners_wanted(options) -> int:
    """Returns how many further records an example needs under an `AugmentationConfig`."""
    wanted = mosaic.PARTNERS if options.mosaic > 0 else 0
    return wanted + (mixup.PARTNERS if options.mixup > 0 else 0)


def training_example(config, manifest):
    """Returns the function that makes a `TrainingExample` of a record.

    It takes a seed int32 [2] and either a serialised record, which is augmented by itself, or a
    string [1 + partners_wanted(...)], whose first record may be combined with the others. These are
    read only where chance has it.
    """
    data, class_ids = config.data, list(manifest.class_ids)
    options, input_size = data.augmentation, data.input_size
    augment = importlib.import_module(f"centernet_tf.data.augment_{options.recipe}").augment

    def read(serialized, seed):
        sample = parse_record(serialized, class_ids, check_ids=False)
        augmented = augment(sample, input_size, options, seed)
        return _Read(augmented, sample.unknown_id, sample.file_name)

    def read_combined(records, seed):
        seeds = split_seed(tf.random.experimental.stateless_fold_in(seed, _COMBINING), 3)
        made, partners = read(records[0], seed), records[1:]
        if options.mosaic > 0:
            tiles, partners = partners[: mosaic.PARTNERS], partners[mosaic.PARTNERS :]
            compose = functools.partial(mosaic.compose, input_size=input_size, seed=seeds[2])
            made = _by_chance(options.mosaic, made, tiles, read, compose, seeds[0])
        if options.mixup > 0:
            made = _by_chance(options.mixup, made, partners, read, mixup.blend, seeds[1])
        return made

    def example(seed, serialized):
        alone = serialized.shape.rank == 0
        made = read(serialized, seed) if alone else read_combined(tf.unstack(serialized), seed)
        augmented = made.augmented
        normalization = normalization_color(data.channel_order, data.mean, data.std)
        return TrainingExample(
            apply_color(augmented.image, compose_color(augmented.color, normalization)),
            pad_objects(augmented.boxes_px, augmented.classes, augmented.keep, data.max_boxes),
            made.unknown_id,
            made.file_name,
        )

    return example


def _by_chance(probability, first, partners, read, combine, seed):
    """Combines what was read with its partners, with the given probability."""
    event_seed, *seeds = split_seed(seed, 1 + len(partners))

    def combined():
        made = [first, *(read(record, each) for record, each in zip(partners, seeds))]
        unknown_ids = tf.stack([each.unknown_id for each in made])
        at = tf.argmax(tf.cast(unknown_ids >= 0, tf.int32))
        file_names = tf.stack([each.file_name for each in made])
        images = [each.augmented for each in made]
        return _Read(combine(images), unknown_ids[at], file_names[at])

    return tf.cond(random_event(probability, event_seed), combined, lambda: first)
