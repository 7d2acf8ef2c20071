"""Records that another tool made, taken as they are: a manifest that points to them.

Nothing is copied or changed. A record that training could not read stops the run, since nobody
could leave it out.
"""

import os
from typing import Dict, Sequence

import tensorflow as tf

from centernet_tf.data.annotations import RecordSplit
from centernet_tf.data.box_check import box_fault
from centernet_tf.data.data_set_folder import (
    check_split_names,
    files_of,
    new_data_set,
    write_report_and_manifest,
)
from centernet_tf.data.encoded_image import open_image
from centernet_tf.data.manifest import FILE_NAME, manifest_document
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.record_parser import check_features, parse_record, read_features
from centernet_tf.data.report_table import report_table
from centernet_tf.data.shard_writer import shard_entry
from centernet_tf.errors import UserError

# TensorFlow quotes a damaged record in its message, which Python may fail to decode.
_READ_ERRORS = (tf.errors.OpError, UnicodeDecodeError)


def adopt_records(
    splits: Sequence[RecordSplit], output_dir: str, overwrite: bool, made_from: dict
) -> Dict[str, ProblemReport]:
    """Writes a report and a manifest into `output_dir` and prints the report.

    The manifest names shards below `output_dir` relative to it, others by their absolute path.

    Args:
      splits: their categories are the same.
      output_dir: may be the folder of the records.
      overwrite: whether a data set that is there is replaced.
      made_from: what the user asked for, kept in the manifest.

    Returns:
      The report of each split.

    Raises:
      UserError: a record cannot be read or has a category id without a name (the message says
        which), a split holds no record, or the folder cannot be used.
    """
    check_split_names([split.name for split in splits])
    _refuse_own_files(splits, output_dir)
    categories = splits[0].categories
    reports = {split.name: ProblemReport() for split in splits}
    with new_data_set(output_dir, overwrite) as folder:
        entries = {
            split.name: _read_split(split, output_dir, reports[split.name]) for split in splits
        }
        print(report_table(reports, categories))
        document = manifest_document(categories, entries, made_from)
        write_report_and_manifest(folder, reports, document)
    return reports


def _refuse_own_files(splits: Sequence[RecordSplit], output_dir: str) -> None:
    """Raises UserError where replacing the data set in `output_dir` would remove the records."""
    folder = os.path.realpath(output_dir)
    own = {os.path.join(folder, name) for name in files_of(os.path.join(folder, FILE_NAME))}
    for split in splits:
        for path in split.shard_paths:
            if os.path.realpath(path) in own:
                raise UserError(
                    f"'{path}' belongs to the data set in '{output_dir}', which would be replaced; "
                    "give another --output_dir."
                )


def _read_split(split: RecordSplit, output_dir: str, report: ProblemReport) -> dict:
    shards, image_ids = [], set()
    bar = ProgressBar(split.name, len(split.shard_paths))
    try:
        for path in split.shard_paths:
            count = _read_shard(path, split.categories, report, image_ids)
            name = _name_from(output_dir, path)
            shards.append({**shard_entry(name, path, count), "foreign": True})
            bar.advance()
    finally:
        bar.close()
    if not report.images_read:
        raise UserError(f"The files of split '{split.name}' hold no records.")
    return {
        "num_examples": report.images_written,
        "num_boxes": report.boxes_written,
        "images_by_boxes": dict(sorted(report.images_by_boxes.items())),
        "shards": shards,
    }


def _name_from(folder: str, path: str) -> str:
    path = os.path.abspath(path)
    name = os.path.relpath(path, os.path.abspath(folder))
    return path if name.split(os.sep)[0] == os.pardir else name


def _read_shard(path: str, categories, report: ProblemReport, image_ids: set) -> int:
    """Reads every record of a file into the report; returns how many there are."""
    class_ids = [category.id for category in categories]

    def objects(serialized):
        sample = parse_record(serialized, class_ids, check_ids=False)
        fields = sample._asdict()
        return {**fields, "image": sample.image.size}

    count = 0
    try:
        for fields in tf.data.TFRecordDataset(path).map(objects, 2).as_numpy_iterator():
            if fields["unknown_id"] >= 0:
                raise _unusable(
                    path, count, f"the labels file has no class with the id {fields['unknown_id']}"
                )
            _count(fields, categories, report, image_ids)
            count += 1
    except _READ_ERRORS as error:
        raise _unusable(path, count, _fault(path, count)) from error
    return count


def _unusable(path: str, before: int, fault: str) -> UserError:
    return UserError(
        f"Record {before + 1} of '{path}' cannot be used: {fault}. Correct it, or leave the file "
        "out; no data set was written."
    )


def _count(fields, categories, report: ProblemReport, image_ids: set) -> None:
    file_name = fields["file_name"].decode("utf-8", "replace")
    count = len(fields["classes"])
    for box_px in fields["boxes_px"].tolist():
        fault = box_fault(box_px, *fields["image"].tolist())
        if fault:
            report.add("doubtful_box", file_name, f"{fault}: yxyx {box_px}")
    if not count:
        report.add("image_without_boxes", file_name)
    image_id = int(fields["image_id"])
    if image_id in image_ids:
        report.add("repeated_id", file_name, f"image/source_id gives {image_id}")
    image_ids.add(image_id)
    report.images_read += 1
    report.images_written += 1
    report.boxes_read += count
    report.boxes_written += count
    report.images_by_boxes[count] += 1
    report.boxes_by_class.update(categories[index].name for index in fields["classes"])


def _fault(path: str, before: int) -> str:
    """Finds out in plain words why the record after the first `before` cannot be read."""
    fault = "the file is damaged or cut here, or is no (uncompressed) TFRecord file"
    try:
        (record,) = tf.data.TFRecordDataset(path).skip(before).take(1)
        fault = "it is no tf.train.Example of the Object Detection API's features"
        features = read_features(record)
        name = features["image/filename"].numpy().decode("utf-8", "replace")
        about = f"its image/filename is '{name}'"
        fault = f"it holds no image, negative ids, or lists of different lengths; {about}"
        checked = check_features(features)
        fault = f"its image cannot be read; {about}"
        open_image(checked["image/encoded"])
    except _READ_ERRORS:
        pass
    return fault
