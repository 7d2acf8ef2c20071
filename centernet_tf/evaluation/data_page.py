"""The page that shows a split: what it is, what it holds, what training makes of it."""

import os

from centernet_tf.count_of import count_of
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation import data_charts, html_page
from centernet_tf.evaluation.ceiling import SIZE_ROWS, format_ceiling, grid_rows
from centernet_tf.evaluation.data_pictures import annotated_pictures, box_picture
from centernet_tf.evaluation.drawing import class_color
from centernet_tf.evaluation.training_samples import target_overlays, training_samples

_PICTURES, _OVERLAYS, _LEGEND = 8, 4, 24
_OPTIONS = ("radius_rule", "min_overlap", "variant", "max_detections", "peak_kernel")


def require_place(path: str) -> None:
    """Checks that a page can be written to `path`, before what may take minutes.

    Raises:
      UserError: it is a folder, or in no folder that can be written to.
    """
    folder = os.path.dirname(path) or "."
    if not path or os.path.isdir(path):
        raise UserError(f"--output={path} must name an HTML file, such as inspect.html.")
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot make the folder of --output={path}: {error.strerror}.") from error
    if not os.access(folder, os.W_OK):
        raise UserError(f"--output={path} lies in a folder that cannot be written to.")


def write_data_page(path: str, inspection) -> None:
    """Writes the page of an `Inspection` to `path`, pictures and all."""
    config, manifest, split = inspection.config, inspection.manifest, inspection.split
    name = os.path.basename(os.path.normpath(manifest.data_dir))
    height, width = config.data.input_size
    samples = training_samples(config, manifest, split, _PICTURES)
    parts = [_headline(inspection)]
    if inspection.limits:
        parts.append(html_page.warning(inspection.limits.sentence()))
    parts += [
        _what_it_is(inspection),
        *data_charts.sections(inspection),
        _images(inspection),
        _samples(samples, manifest.class_names),
        *_targets(samples, make_detector(config, manifest.num_classes)),
        _ceiling(inspection),
    ]
    lead = (
        f"The split '{split}' of {manifest.data_dir}, as a {config.model.detector} detector with "
        f"an input of {width}x{height} px (width x height) would be trained on it."
    )
    html_page.write_page(path, f"{name}, {split}", lead, parts)


def _headline(inspection):
    statistics, problems = inspection.statistics, inspection.problems
    found = "-" if problems is None else f"{sum(each.count for each in problems):,}"
    return html_page.tiles(
        [
            ("images", f"{statistics.num_images:,}"),
            ("objects (boxes without crowds)", f"{statistics.num_objects:,}"),
            ("crowds", f"{statistics.num_crowds:,}"),
            ("images without boxes", f"{statistics.images_without_boxes:,}"),
            ("problems found by make_tfrecords", found),
            ("AP ceiling", format_ceiling(inspection.metrics["AP"])),
        ]
    )


def _what_it_is(inspection):
    return html_page.section(
        "Settings and problems",
        html_page.table(("setting", "value"), _settings(inspection), text=True),
        "<p></p>",
        _problems(inspection),
        *_faults(inspection),
    )


def _settings(inspection):
    config = inspection.config
    data, options = config.data, config.model.options
    height, width = data.input_size
    rows = [
        ["data.input_size (height, width)", f"{height}, {width} px"],
        ["stride of the output", f"{inspection.stride} px of the input"],
        ["data.max_boxes", str(data.max_boxes)],
        ["data.augmentation.recipe", data.augmentation.recipe],
        ["model.detector", config.model.detector],
    ]
    known = [name for name in _OPTIONS if hasattr(options, name)]
    return rows + [[f"model.options.{name}", str(getattr(options, name))] for name in known]


def _problems(inspection):
    if inspection.problems is None:
        return _note("There is no report.json of make_tfrecords on this split beside the manifest.")
    if not inspection.problems:
        return _note("make_tfrecords found no problem in the sources of this split.")
    rows = [
        [
            each.reason,
            f"{each.count:,}",
            f"{'left out' if each.left_out else 'kept'}: {each.meaning}",
            ", ".join(each.examples) + (", ..." if each.count > len(each.examples) else ""),
        ]
        for each in inspection.problems
    ]
    return html_page.table(("problem", "count", "outcome", "for example"), rows, text=True)


def _faults(inspection):
    """Warnings of what is wrong with the records themselves."""
    statistics, unusable = inspection.statistics, inspection.unusable or []
    if unusable:
        some = ", ".join(f"{name} ({reason})" for name, reason in unusable[:3])
        more = ", ..." if len(unusable) > 3 else ""
        yield html_page.warning(
            f"Training will leave out {count_of(len(unusable), 'record')} of this split: "
            f"{some}{more}."
        )
    if statistics.without_extent:
        yield html_page.warning(
            f"Objects without an extent, which cannot be trained: {statistics.without_extent:,}."
        )
    if statistics.overhanging:
        yield html_page.warning(
            "Objects that reach out of their image by more than a pixel: "
            f"{statistics.overhanging:,}."
        )


def _images(inspection):
    pictures = annotated_pictures(
        inspection.manifest, inspection.split, inspection.annotations, _PICTURES
    )
    return html_page.section(
        "Images with their boxes",
        class_legend(inspection.manifest.class_names),
        html_page.row([html_page.picture(*each) for each in pictures], 480),
        note="Images spread over the split, the one with most boxes among them, as the records "
        "hold them (large ones reduced). Where there are more than 25 boxes only the colours tell "
        "the classes.",
    )


def _samples(samples, class_names):
    if not samples:
        return html_page.section(
            "Training samples", html_page.warning("Training could not make a batch of this split.")
        )
    pictures = [html_page.picture(*_sample(each, class_names)) for each in samples]
    return html_page.section(
        "Training samples",
        class_legend(class_names),
        html_page.row(pictures, 480),
        note="The first images of the first epoch, in the frame of the network input: augmented, "
        "normalised for the network and turned back into RGB, with the boxes that reach the "
        "encoder. Values outside 0..255 are clipped; a plain border is what lies outside the "
        "image. Boxes that overhang are drawn on the edge.",
    )


def _sample(sample, class_names):
    visible = sample.visible()
    picture = box_picture(
        sample.pixels, sample.boxes_px[visible], sample.classes[visible], class_names
    )
    outside = len(visible) - int(visible.sum())
    caption = f"objects: {int(visible.sum())}"
    return picture, caption + (f", and {outside} that the augmentation moved out" * bool(outside))


def _targets(samples, detector):
    """The section on what the network should draw, where there are samples."""
    overlays = target_overlays(samples[:_OVERLAYS], detector)
    if overlays:
        side = detector.stride
        yield html_page.section(
            "Targets",
            html_page.row([html_page.picture(overlay) for overlay in overlays], 480),
            note="The first training samples above under the map of objects that the network "
            f"should draw: the maximum over classes, one value for {side}x{side} px of the input, "
            "from dark (0) over red to light yellow (1, a cell that a detection starts from).",
        )


def _ceiling(inspection):
    metrics, grid, limits = inspection.metrics, inspection.grid, inspection.limits
    rows = [
        [label, format_ceiling(metrics[ap]), format_ceiling(metrics[ar])]
        for label, ap, ar in SIZE_ROWS
    ]
    counts = [[text, f"{count:,}"] for count, text in grid_rows(grid, inspection.stride)]
    parts = [
        html_page.row(
            [
                html_page.table(("objects", "AP", "AR"), rows),
                html_page.table(("what the grid of cells meets", "count"), counts),
            ],
            480,
        )
    ]
    if limits:
        parts += [html_page.warning(limits.sentence()), "<p></p>", _relaxed(limits)]
    return html_page.section(
        "AP ceiling",
        *parts,
        note="COCO AP and AR of decode(encode(ground truth)) over "
        f"{metrics['num_images']:,} images, letterboxed into the input without augmentation: what "
        "a network that draws its targets perfectly would score. Sizes are COCO's, by the area in "
        "the original image: small below 32x32 px, large above 96x96 px. '-' stands where there "
        "are no such objects.",
    )


def _relaxed(limits):
    rows = [["the settings as they are", "", f"{limits.ceiling:.4f}"]]
    rows += [
        [each.name, f"{each.value} to {each.relaxed}", f"{ap:.4f}"] for each, ap in limits.relaxed
    ]
    rows.append(["all of these", "", f"{limits.together:.4f}"])
    return html_page.table(("one setting relaxed", "from, to", "AP ceiling"), rows)


def class_legend(class_names) -> str:
    """Returns the colours of the classes, or nothing where they are too many to tell apart."""
    entries = [(name, class_color(index)) for index, name in enumerate(class_names[:_LEGEND])]
    return html_page.legend(entries) if len(class_names) <= _LEGEND else ""


def _note(text):
    return f"<p class='note'>{text}</p>"
