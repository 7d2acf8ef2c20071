"""From the shards of a data set to batches for training and evaluation."""

import tensorflow as tf

from centernet_tf.count_of import count_of
from centernet_tf.data.evaluation_image import read_evaluation_image
from centernet_tf.data.guarded_map import usable_only
from centernet_tf.data.object_list import pad_objects
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.record_parser import parse_record, require_known_id
from centernet_tf.data.record_stream import EpochPlan, read_shards, training_stream
from centernet_tf.data.service import through_service
from centernet_tf.data.training_example import partners_wanted, training_example
from centernet_tf.errors import UserError

__all__ = ["eval_dataset", "read_annotations", "steps_per_epoch", "train_dataset"]


def steps_per_epoch(config, manifest) -> int:
    """Returns the number of full global batches of an epoch.

    Raises:
      UserError: the training split is smaller than one batch, or there is none.
    """
    split = manifest.split(config.data.train_split)
    steps = split.num_examples * config.train.repeats_per_epoch // config.train.global_batch_size
    if steps == 0:
        raise UserError(
            f"The split '{split.name}' has {count_of(split.num_examples, 'image')}, less than "
            f"one batch of train.global_batch_size={config.train.global_batch_size}. Lower the "
            "batch size or raise train.repeats_per_epoch."
        )
    return steps


def train_dataset(
    config, manifest, encode, start_epoch=0, report_path="", input_context=None
) -> tf.data.Dataset:
    """Returns the batches of epochs `start_epoch` to `train.epochs`, `steps_per_epoch` each.

    Every random choice follows from `runtime.seed`, the epoch and the example's place in it, so
    that batches do not depend on the machine, on parallelism, or on where a run was resumed. A
    record that cannot be used is left out, reported, and made good by a further one. So is one
    whose partner in a mosaic or mix-up cannot be used.

    Args:
      config: `ExperimentConfig`.
      manifest: `Manifest` of the data set.
      encode: a detector's `encode`: boxes_px float32 [B, M, 4] in input pixels, classes int32
        [B, M], mask bool [B, M] -> dict of tensors; M is data.max_boxes.
      start_epoch: the first epoch to yield.
      report_path: where to note the records that are left out, see `usable_only`; `left_out` names
        them. The workers of data.service, which cannot write there, say so themselves.
      input_context: `tf.distribute.InputContext`; every input pipeline reads its own part of an
        epoch. None reads the whole.

    Returns:
      `tf.data.Dataset` of (images float32 [B, H, W, 3], normalised, in data.channel_order; batched
      targets), B being train.global_batch_size over the number of input pipelines. Reading on when
      more than half of a split is unusable raises tf.errors.FailedPreconditionError.

    Raises:
      UserError: see `steps_per_epoch`.
    """
    train = config.train
    steps = steps_per_epoch(config, manifest)
    plan = _epoch_plan(config, steps, input_context)
    batch_size = plan.examples // steps
    example = training_example(config, manifest)
    report_path = "" if config.data.service else report_path
    stream = training_stream(
        manifest.split(config.data.train_split),
        config.runtime.seed,
        (start_epoch, train.epochs),
        plan,
        lambda records, epoch: usable_only(
            records, example, epoch, report_path, plan.pipelines, plan.pipeline
        ),
    )
    batches = stream.map(_known_only).batch(batch_size, drop_remainder=True)
    # Targets of a whole batch at once: one allocation instead of one for each image and a copy.
    batches = batches.map(lambda images, objects: (images, encode(*objects)), tf.data.AUTOTUNE)
    if config.data.service:
        batches = through_service(batches, config.data.service)
    batches = batches.apply(
        tf.data.experimental.assert_cardinality(steps * max(train.epochs - start_epoch, 0))
    )
    return batches.with_options(_options()).prefetch(2)


def epoch_records(config, manifest, epoch: int, input_context=None):
    """Returns what `train_dataset` reads in an epoch; elements as `training_stream` has them."""
    plan = _epoch_plan(config, steps_per_epoch(config, manifest), input_context)
    everything = plan._replace(examples=-1)
    split = manifest.split(config.data.train_split)
    return training_stream(split, config.runtime.seed, (epoch, epoch + 1), everything)


def _epoch_plan(config, steps, input_context):
    data, train = config.data, config.train
    partners = partners_wanted(data.augmentation)
    pipelines = input_context.num_input_pipelines if input_context else 1
    return EpochPlan(
        examples=steps * (train.global_batch_size // pipelines),
        # One more pass makes good what turns out to be unusable; an unusable record also spoils the
        # examples whose partner it is.
        passes=(train.repeats_per_epoch + 1) * (1 + partners),
        shuffle_buffer=data.shuffle_buffer,
        cache=data.cache,
        pipelines=pipelines,
        pipeline=input_context.input_pipeline_id if input_context else 0,
        partners=partners,
    )


def _known_only(example):
    # Here and not where it is found, so that it stops the run instead of being left out.
    with tf.control_dependencies([require_known_id(example.unknown_id, example.file_name)]):
        return tf.identity(example.image), example.objects


def eval_dataset(config, manifest, split=None, scale=1.0) -> tf.data.Dataset:
    """Returns every image of a split once, in the order of the shards.

    Images are letterboxed to data.input_size, or with evaluation.resolution 'keep' put unscaled on
    canvases of their own size; B is then 1, and H and W differ from batch to batch.

    Args:
      config: `ExperimentConfig`.
      manifest: `Manifest` of the data set.
      split: name of the split; None takes data.eval_split.
      scale: by which images are scaled besides, for a multi-scale test.

    Returns:
      `tf.data.Dataset` of dicts, B being evaluation.batch_size and M data.max_boxes:
        image float32 [B, H, W, 3], normalised; transform float32 [B, 3], image to input
        (`ops.geometry`); image_id int64 [B]; file_name string [B]; image_size int32 [B, 2], (h, w);
        boxes_px float32 [B, M, 4], yxyx, pixels of the original image; classes int32 [B, M];
        is_crowd bool [B, M]; mask bool [B, M]: the M largest objects, for pictures and losses
        (metrics take all of them from `read_annotations`); valid bool [B], False for the images
        that fill up the last batch.

    Raises:
      UserError: there is no such split, or it is empty.
    """
    data, keep = config.data, config.evaluation.resolution == "keep"
    batch_size = 1 if keep else config.evaluation.batch_size
    chosen = manifest.split(split or data.eval_split)
    class_ids = list(manifest.class_ids)

    def example(serialized):
        sample = parse_record(serialized, class_ids)
        image, transform = read_evaluation_image(sample.image, config, scale)
        # Crowd marks ride on the classes, so that both are cut and padded alike.
        tagged = 2 * sample.classes + tf.cast(sample.is_crowd, tf.int32)
        boxes_px, tagged, mask = pad_objects(
            sample.boxes_px, tagged, tf.ones_like(sample.is_crowd), data.max_boxes
        )
        return {
            "image": image,
            "transform": transform,
            "image_id": sample.image_id,
            "file_name": sample.file_name,
            "image_size": sample.image.size,
            "boxes_px": boxes_px,
            "classes": tagged // 2,
            "is_crowd": tagged % 2 == 1,
            "mask": mask,
            "valid": tf.constant(True),
        }

    images = read_shards(chosen.shard_paths).map(example, tf.data.AUTOTUNE)
    # A manifest that counts otherwise than its shards would drop images from the last batch unseen.
    images = images.apply(tf.data.experimental.assert_cardinality(chosen.num_examples))
    missing = -chosen.num_examples % batch_size
    if missing:
        images = images.concatenate(_blank(images.element_spec).repeat(missing))
    return images.batch(batch_size, True).with_options(_options()).prefetch(2)


def _blank(element_spec):
    """A dataset of one element that holds nothing but zeros and an identity transform."""
    blank = {key: tf.zeros(spec.shape, spec.dtype) for key, spec in element_spec.items()}
    blank["file_name"] = tf.constant("")
    blank["transform"] = tf.constant([1.0, 0.0, 0.0])
    return tf.data.Dataset.from_tensors(blank)


def _options():
    options = tf.data.Options()
    options.deterministic = True
    # Images are processed side by side, which leaves no cores for threads inside an op; and sums
    # that are not split over threads have the same last bit on every machine.
    options.threading.max_intra_op_parallelism = 1
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options
