"""Annotated images without pixels, from plain numbers."""

from centernet_tf.data.annotations import BoxAnnotation, Category, ImageAnnotation

# The names must not become mark-up on a page.
CATEGORIES = (Category(2, 'ring <b>&"'), Category(5, "disc"), Category(9, "<script>alert('x')"))


def scene(image_id, objects, height=64, width=64):
    """An `ImageAnnotation` from (category id, yxyx box) or (.., .., is crowd) tuples."""
    boxes = tuple(
        BoxAnnotation(box, category, any(crowd), area=float((box[2] - box[0]) * (box[3] - box[1])))
        for category, box, *crowd in objects
    )
    return ImageAnnotation(image_id, f"{image_id}.jpg", "", height, width, boxes)


def random_scenes(rng, count):
    """Images of several sizes with up to 8 objects of `CATEGORIES`, one in six a crowd."""
    scenes = []
    for image_id in range(1, count + 1):
        height, width = (int(side) for side in rng.integers(40, 300, 2))
        objects = []
        for _ in range(rng.integers(0, 9)):
            ymin, xmin = rng.uniform(0, (height - 8, width - 8))
            ymax, xmax = rng.uniform((ymin + 1, xmin + 1), (height, width))
            box = tuple(float(side) for side in (ymin, xmin, ymax, xmax))
            category = CATEGORIES[rng.integers(0, 2)].id
            objects.append((category, box, rng.integers(0, 6) == 0))
        scenes.append(scene(image_id, objects, height, width))
    return scenes
