"""Annotated splits in, one data set of TFRecords out: shards, report and manifest."""

import collections
import concurrent.futures
import warnings
from typing import Dict, Iterable, Iterator, Sequence, Tuple

from PIL import Image

from centernet_tf.data.annotations import AnnotatedSplit, Category, ImageAnnotation
from centernet_tf.data.box_check import check_boxes
from centernet_tf.data.convert_options import ConvertOptions
from centernet_tf.data.data_set_folder import (
    REPORT_NAME,
    check_split_names,
    new_data_set,
    refuse_strangers,
    write_report_and_manifest,
)
from centernet_tf.data.image_check import ImageFault, check_image
from centernet_tf.data.manifest import manifest_document
from centernet_tf.data.problems import ProblemReport
from centernet_tf.data.progress import ProgressBar
from centernet_tf.data.report_table import report_table, too_many_problems
from centernet_tf.data.safe_path import separator_hint
from centernet_tf.data.shard_writer import (
    MAX_SHARDS,
    ShardWriter,
    default_num_shards,
    shard_names,
)
from centernet_tf.data.tf_example import serialize_example
from centernet_tf.errors import UserError


def convert(
    splits: Sequence[AnnotatedSplit], output_dir: str, options: ConvertOptions
) -> Dict[str, ProblemReport]:
    """Writes one data set of all `splits` into `output_dir` and prints its report.

    Memory holds a few images at a time. The same input and options give the same bytes, whatever
    the number of workers.

    Returns:
      The report of each split.

    Raises:
      UserError: splits do not fit together, too much of one would be left out, nothing is left of
        one, or the folder cannot be used. `output_dir` then holds no new data set.
    """
    _check_options(splits, options)
    categories = merge_categories(splits)
    with new_data_set(output_dir, options.overwrite) as folder:
        # Now, not when hours of work are to be moved there.
        for split in splits:
            names = shard_names(split.name, _num_shards(split, options))
            refuse_strangers(output_dir, [REPORT_NAME, *names])
        entries = {split.name: _write_split(split, categories, folder, options) for split in splits}
        reports = {split.name: split.report for split in splits}
        print(report_table(reports, categories))
        fault = too_many_problems(reports, options.max_bad_fraction)
        if fault:
            raise UserError(fault)
        made_with = {
            "num_shards": options.num_shards,
            "max_bad_fraction": options.max_bad_fraction,
            "exif_boxes": options.exif_boxes,
            **options.source,
        }
        document = manifest_document(categories, entries, made_with)
        write_report_and_manifest(folder, reports, document)
    return reports


def merge_categories(splits: Sequence[AnnotatedSplit]) -> Tuple[Category, ...]:
    """Returns the categories of all splits, sorted by id.

    A category has the keypoints of the split that names some; the others' objects are without.

    Raises:
      UserError: an id has two names, a name two ids, or a category two lists of keypoints.
    """
    by_id: Dict[int, Tuple[Category, str]] = {}
    by_name: Dict[str, int] = {}
    for split in splits:
        for category in split.categories:
            first, origin = by_id.setdefault(category.id, (category, split.name))
            if first.name != category.name:
                raise UserError(
                    f"Category {category.id} is '{first.name}' in split '{origin}' and "
                    f"'{category.name}' in split '{split.name}'; the splits of one data set need "
                    "the same category list."
                )
            if not first.keypoints:
                by_id[category.id] = (category, split.name)
            elif category.keypoints and first.keypoints != category.keypoints:
                raise UserError(
                    f"Category '{category.name}' has other keypoints in split '{origin}' than in "
                    f"split '{split.name}'; the splits of one data set need the same."
                )
            if by_name.setdefault(category.name, category.id) != category.id:
                raise UserError(
                    f"The category '{category.name}' has the ids {by_name[category.name]} and "
                    f"{category.id}; give it one id in all annotation files, or two names."
                )
    return tuple(by_id[identifier][0] for identifier in sorted(by_id))


def _check_options(splits, options: ConvertOptions) -> None:
    check_split_names([split.name for split in splits])
    if options.workers < 1:
        raise UserError(f"--workers must be at least 1; got {options.workers}.")
    if not 0 <= options.num_shards <= MAX_SHARDS:
        raise UserError(
            f"--num_shards must be from 0 (automatic) to {MAX_SHARDS}; got {options.num_shards}."
        )
    if not 0 <= options.max_bad_fraction <= 1:
        raise UserError(f"--max_bad_fraction must be from 0 to 1; got {options.max_bad_fraction}.")


def _num_shards(split: AnnotatedSplit, options: ConvertOptions) -> int:
    return min(options.num_shards or default_num_shards(split.num_images), split.num_images)


def _write_split(split: AnnotatedSplit, categories, folder: str, options: ConvertOptions) -> dict:
    names = {category.id: category.name for category in categories}
    num_keypoints = max(len(category.keypoints) for category in categories)
    writer = ShardWriter(folder, split.name, _num_shards(split, options))
    bar = ProgressBar(split.name, split.num_images)
    report = split.report
    try:
        for image, checked in checked_images(split.images, options.workers):
            bar.advance()
            if isinstance(checked, ImageFault):
                report.add(checked.reason, image.file_name, _detail(image, checked))
                report.lose_boxes(len(image.boxes), image.file_name, checked.reason)
                continue
            if checked.reencoded:
                detail = f"{checked.reencoded} to {checked.format.upper()}"
                report.add("reencoded", image.file_name, detail)
            boxes = check_boxes(image, checked, report, options.exif_boxes)
            if not boxes:
                report.add("image_without_boxes", image.file_name)
            writer.write(serialize_example(image, checked, boxes, names, num_keypoints))
            report.images_written += 1
            report.boxes_written += len(boxes)
            report.images_by_boxes[len(boxes)] += 1
            report.boxes_by_class.update(names[box.category_id] for box in boxes)
    finally:
        bar.close()
        shards = writer.close()
    return {
        "num_examples": report.images_written,
        "num_boxes": report.boxes_written,
        "images_by_boxes": dict(sorted(report.images_by_boxes.items())),
        "shards": shards,
    }


def _detail(image: ImageAnnotation, fault: ImageFault) -> str:
    hint = separator_hint(image.file_name) if fault.reason == "missing_image" else ""
    return f"{fault.detail}; {hint}" if hint else fault.detail


def checked_images(
    images: Iterable[ImageAnnotation], workers: int
) -> Iterator[Tuple[ImageAnnotation, object]]:
    """Yields every image with its `CheckedImage` or its `ImageFault`, in order.

    At most four images a worker are in memory. Threads serve as well as processes, since reading
    and decoding release Python's lock, and need no second copy of TensorFlow.
    """
    with warnings.catch_warnings(), concurrent.futures.ThreadPoolExecutor(workers) as pool:
        # image_check has its own limit, and Pillow's remarks on odd metadata help nobody here.
        warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        waiting = collections.deque()
        for image in images:
            waiting.append((image, pool.submit(_checked_or_fault, image.path)))
            if len(waiting) >= 4 * workers:
                image, future = waiting.popleft()
                yield image, future.result()
        for image, future in waiting:
            yield image, future.result()


def _checked_or_fault(path: str):
    try:
        return check_image(path)
    except ImageFault as fault:
        return fault
