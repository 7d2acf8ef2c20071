"""The charts and tables of a split: classes, objects an image, sizes, shapes, image sizes."""

import numpy as np

from centernet_tf.evaluation import html_page
from centernet_tf.evaluation.bar_chart import bar_chart, ranked_bars
from centernet_tf.evaluation.data_statistics import COCO_LIMITS
from centernet_tf.evaluation.drawing import class_color
from centernet_tf.evaluation.histograms import count_histogram, log2_histogram

_MAX_CLASSES, _MAX_IMAGE_SIZES = 30, 9


def sections(inspection) -> list:
    """Returns the sections on the classes, the objects and the images of an `Inspection`."""
    statistics, names = inspection.statistics, inspection.manifest.class_names
    return [
        html_page.section(
            "Classes",
            html_page.row([class_chart(statistics, names), class_table(statistics, names)], 420),
            note=_class_note(statistics, names),
        ),
        html_page.section(
            "Objects and images",
            html_page.row(
                [
                    objects_chart(statistics),
                    size_chart(statistics, inspection.stride),
                    aspect_chart(statistics),
                    image_size_chart(statistics),
                ],
                420,
            ),
            note=_size_note(statistics, inspection.stride),
        ),
    ]


def class_chart(statistics, names) -> str:
    """Returns a bar a class, in the colours of the pictures; the most frequent of very many."""
    counts = statistics.objects_by_class
    order = np.argsort(-counts, kind="stable")[:_MAX_CLASSES]
    title = "Objects of each class"
    if len(counts) > _MAX_CLASSES:
        title = f"Objects of the {_MAX_CLASSES} most frequent of {len(counts)} classes"
    return ranked_bars(
        [names[index] for index in order],
        [int(counts[index]) for index in order],
        title,
        [class_color(int(index)) for index in order],
    )


def class_table(statistics, names) -> str:
    """Returns a row a class: objects, their share, images that have it, and crowds if any."""
    columns = ["class", "objects", "share", "images with it", "share"]
    total = max(statistics.num_objects, 1)
    rows = [
        [name, f"{objects:,}", f"{objects / total:.1%}", f"{images:,}", _share(images, statistics)]
        for name, objects, images in zip(
            names, statistics.objects_by_class, statistics.images_by_class
        )
    ]
    if statistics.num_crowds:
        columns.append("crowds")
        rows = [[*cells, f"{count:,}"] for cells, count in zip(rows, statistics.crowds_by_class)]
    return html_page.table(columns, rows)


def objects_chart(statistics) -> str:
    """Returns how many images have how many objects."""
    histogram = count_histogram(statistics.objects_by_image)
    return bar_chart(histogram.counts, histogram.labels, "Objects an image", "objects in an image")


def size_chart(statistics, stride: int) -> str:
    """Returns the sizes of objects at the input, with the stride and COCO's limits there."""
    histogram = log2_histogram(statistics.sizes_input)
    scale = float(np.median(statistics.scales))
    sides = {
        "stride": stride,
        "S/M": COCO_LIMITS["small"] * scale,
        "M/L": COCO_LIMITS["medium"] * scale,
    }
    markers = [(histogram.position(side), text) for text, side in sides.items()]
    labels = [f"{2.0**edge:g}" for edge in histogram.log2_edges]
    return bar_chart(
        histogram.counts,
        labels,
        "Size of objects at the input size",
        "square root of the area, px of the network input",
        markers,
    )


def aspect_chart(statistics) -> str:
    """Returns the shapes of objects, two bins for each doubling of height over width."""
    histogram = log2_histogram(statistics.aspects, bins_an_octave=2, centered=True)
    middles = np.exp2(np.add(histogram.log2_edges[:-1], 0.25))
    return bar_chart(
        histogram.counts,
        [f"{middle:.2g}" for middle in middles],
        "Height over width of objects",
        "height / width; 1 is square, objects to the right are tall",
    )


def image_size_chart(statistics) -> str:
    """Returns the most frequent image sizes, and all others together."""
    frequent = statistics.image_sizes.most_common(_MAX_IMAGE_SIZES)
    names = [f"{width}x{height}" for (height, width), _ in frequent]
    counts = [count for _, count in frequent]
    others = len(statistics.image_sizes) - len(frequent)
    if others:
        names.append("another size" if others == 1 else f"{others:,} other sizes")
        counts.append(statistics.num_images - sum(counts))
    return ranked_bars(names, counts, "Images of each size (width x height, px)")


def _share(images, statistics):
    return f"{images / max(statistics.num_images, 1):.1%}"


def _class_note(statistics, names):
    absent = [name for name, count in zip(names, statistics.objects_by_class) if not count]
    text = "Objects are boxes that are no crowds. Bars have the colours of the boxes below."
    if absent:
        some = ", ".join(absent[:10]) + (", ..." if len(absent) > 10 else "")
        text += f" No objects in this split: {some}."
    return text


def _size_note(statistics, stride):
    scales, groups = statistics.scales, statistics.size_groups
    low, middle, high = (float(value) for value in np.percentile(scales, [0, 50, 100]))
    varied = f", from {low:.3g} to {high:.3g}" if high > 1.001 * low else ""
    total = max(statistics.num_objects, 1)
    shares = ", ".join(
        f"{groups[name]:,} {name} ({groups[name] / total:.1%})" for name in COCO_LIMITS
    )
    return (
        f"Objects by COCO's size groups: {shares}; small ends at an area of 32x32 px, medium at "
        f"96x96 px of the original image. A pixel of the image is {middle:.3g} px of the input "
        f"{'in the middle image' + varied if varied else 'in every image'}. The dashed lines S/M "
        "and M/L in the chart of sizes stand where, at that scale, small objects end and large "
        f"ones begin; the one named stride at {stride} px, the side of a cell of the output."
    )
