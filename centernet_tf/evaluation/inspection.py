"""Everything that is to be known of a split before training: counts, faults, the AP ceiling."""

import dataclasses
from typing import List, Optional, Tuple

import tensorflow as tf

from centernet_tf.data.manifest import Manifest
from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.record_annotations import read_annotations
from centernet_tf.data.split_check import unusable_records
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation.ceiling import ap_ceiling, ceiling_table
from centernet_tf.evaluation.ceiling_limits import (
    HIGH_ENOUGH,
    CeilingLimits,
    ceiling_limits,
    spread,
)
from centernet_tf.evaluation.conversion_problems import Problem, conversion_problems
from centernet_tf.evaluation.data_statistics import DataStatistics, data_statistics
from centernet_tf.evaluation.grid_losses import grid_losses
from centernet_tf.settings import ExperimentConfig

# A ceiling takes about 30 ms an image at 512x512 with 80 classes, a look for unusable records 10.
_MAX_CEILING_IMAGES = _MAX_DECODED_IMAGES = 5000


@dataclasses.dataclass(frozen=True)
class Inspection:
    """What was found in a split.

    Attributes:
      config, manifest, split: of what.
      annotations: `ImageAnnotation`s in the order of the records.
      statistics: of the annotations.
      problems: what make_tfrecords counted, None where there is no report.
      unusable: (file name, reason) of each record that training would leave out, None for a split
        too large to decode every image of it.
      metrics: of `ap_ceiling`; its 'num_images' is smaller than that of a very large split.
      stride: pixels of the input a cell of the detector's finest map.
      grid: of `grid_losses`.
      limits: what keeps the ceiling down, None where it is high or undefined.
    """

    config: ExperimentConfig
    manifest: Manifest
    split: str
    annotations: List
    statistics: DataStatistics
    problems: Optional[List[Problem]]
    unusable: Optional[List[Tuple[str, str]]]
    metrics: dict
    stride: int
    grid: dict
    limits: Optional[CeilingLimits]


def inspect_split(config, manifest, split: str = "") -> Inspection:
    """Looks at a split of a data set as the experiment would use it.

    Args:
      config: the experiment.
      manifest: `Manifest` of the data set.
      split: its name; '' takes data.train_split, or the only split.

    Raises:
      UserError: there is no such split, it is empty, or a record of it cannot be read, unlike one
        of which only the pixels are broken.
    """
    split = split or _default_split(config, manifest)
    annotations = _annotations(manifest, split)
    decode_all = len(annotations) <= _MAX_DECODED_IMAGES
    data = config.data
    metrics = _ceiling(config, manifest.categories, annotations)
    low = 0 <= metrics["AP"] < HIGH_ENOUGH
    stride = make_detector(config, manifest.num_classes).stride
    return Inspection(
        config=config,
        manifest=manifest,
        split=split,
        annotations=annotations,
        statistics=data_statistics(annotations, manifest.class_ids, data.input_size),
        problems=conversion_problems(manifest.data_dir, split),
        unusable=unusable_records(manifest, split) if decode_all else None,
        metrics=metrics,
        stride=stride,
        grid=grid_losses(
            annotations,
            data.input_size,
            stride,
            data.max_boxes,
            getattr(config.model.options, "max_detections", None),
        ),
        limits=ceiling_limits(config, manifest.categories, annotations) if low else None,
    )


def inspection_text(inspection: Inspection) -> str:
    """Returns what was found as lines for the terminal."""
    statistics = inspection.statistics
    lines = [
        f"split '{inspection.split}' of {inspection.manifest.data_dir}",
        "",
        ceiling_table(inspection.metrics, inspection.grid, inspection.stride),
        f"{statistics.num_crowds:>8}  crowds",
        f"{statistics.images_without_boxes:>8}  images without boxes",
    ]
    faults = {
        "records that cannot be used": len(inspection.unusable or ()),
        "objects without an extent": statistics.without_extent,
        "objects that reach out of their image": statistics.overhanging,
    }
    lines += [f"{count:>8}  {text}" for text, count in faults.items() if count]
    if inspection.metrics["num_images"] < statistics.num_images:
        lines += ["", f"The ceiling is that of {inspection.metrics['num_images']:,} images."]
    if inspection.limits:
        lines += ["", inspection.limits.sentence()]
    return "\n".join(lines)


def _default_split(config, manifest):
    name = config.data.train_split
    # Records alone do not say what their training split is called, but a single one is meant.
    return next(iter(manifest.splits)) if len(manifest.splits) == 1 else name


def _annotations(manifest, split):
    try:
        return read_annotations(manifest, split)
    except (tf.errors.InvalidArgumentError, tf.errors.DataLossError) as error:
        faults = unusable_records(manifest, split)
        first = ": ".join(faults[0]) if faults else " ".join(error.message.split())[:300]
        raise UserError(
            f"Records of the split '{split}' of {manifest.data_dir} cannot be read ({len(faults)} "
            f"cannot be used, {first}); make the data set again with "
            "python -m pipelines.make_tfrecords."
        ) from error


def _ceiling(config, categories, annotations):
    chosen = spread(annotations, _MAX_CEILING_IMAGES)
    progress = ProgressBar("ceiling", len(chosen))
    try:
        return ap_ceiling(config, categories, chosen, progress.advance)
    finally:
        progress.close()
