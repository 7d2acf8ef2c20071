"""Which setting keeps the AP ceiling of a data set down."""

import dataclasses
from typing import Callable, Dict, List, Sequence, Tuple

from centernet_tf.detectors import make_detector
from centernet_tf.evaluation.ceiling import ap_ceiling

# A ceiling of this height needs no explanation.
HIGH_ENOUGH = 0.95
# Each relaxed setting costs a ceiling of its own, that at twice the input size four times as much.
MAX_IMAGES = 500
_NOTABLE = 0.005


@dataclasses.dataclass(frozen=True, eq=False)
class Relaxation:
    """A setting that is made to lose less: its name, its value, a roomier one, and their override.

    Attributes:
      name: such as `data.max_boxes`.
      value, relaxed: the configured value and the one tried.
      override: of `ExperimentConfig.replace`.
    """

    name: str
    value: object
    relaxed: object
    override: dict


@dataclasses.dataclass(frozen=True)
class CeilingLimits:
    """What a ceiling is with settings relaxed.

    Attributes:
      ceiling: AP with the settings as they are.
      relaxed: (relaxation, AP with it alone), in the order they were tried.
      together: AP with all of them.
      limits: the relaxations that matter: the one that gains most; where none gains anything alone,
        those that are needed together; or none.
      num_images, of_images: on how many images the ceilings were computed, and of how many.
    """

    ceiling: float
    relaxed: Sequence[Tuple[Relaxation, float]]
    together: float
    limits: Sequence[Relaxation]
    num_images: int
    of_images: int

    def sentence(self) -> str:
        """Says which setting limits the ceiling."""
        if self.limits:
            names = " and ".join(f"{each.name}={each.value}" for each in self.limits)
            values = " and ".join(str(each.relaxed) for each in self.limits)
            alone = len(self.limits) == 1
            reached = dict(self.relaxed)[self.limits[0]] if alone else self.together
            text = (
                f"The AP ceiling of {self.ceiling:.3f} is limited by {names}"
                f"{'' if alone else ' together'}: with {values} it is {reached:.3f}"
            )
            if alone and self.together > reached + _NOTABLE:
                text += f", and {self.together:.3f} with every setting relaxed"
        else:
            text = (
                f"No single setting limits the AP ceiling of {self.ceiling:.3f}: with all of them "
                f"relaxed it is {self.together:.3f}, which leaves objects of one class that share "
                "a centre, or more of them in an image than the 100 that COCO's metric looks at"
            )
        if self.num_images < self.of_images:
            text += f" (measured on {self.num_images:,} of {self.of_images:,} images)"
        return text + "."


def ceiling_limits(config, categories, annotations: List) -> CeilingLimits:
    """Computes the ceiling again with one setting relaxed at a time.

    Tried are more detections and more objects than any image has, mmdet's clipping of boxes, and
    twice the input size, as far as the detector has such settings and they are not that roomy yet.
    The radius of the peaks is not: every centre is drawn at full height, whatever its radius, so
    that a decoder finds the same objects.

    Args:
      config: the experiment.
      categories: `Category`s of the data set.
      annotations: `ImageAnnotation`s; at most `MAX_IMAGES` of them, evenly spread, are used.
    """
    chosen = spread(annotations, MAX_IMAGES)

    def ceiling(*choice):
        relaxed = config
        for each in choice:
            relaxed = relaxed.replace(**each.override)
        return ap_ceiling(relaxed, categories, chosen)["AP"]

    base = ceiling()
    tried = relaxations(config, chosen)
    relaxed = [(each, ceiling(each)) for each in tried]
    together = ceiling(*tried) if len(tried) > 1 else max([ap for _, ap in relaxed], default=base)
    # The first of equals, as the cheaper settings stand first.
    best, best_ap = max(relaxed, key=lambda pair: round(pair[1], 4), default=(None, base))
    if best_ap > base + _NOTABLE:
        limits = [best]
    else:
        limits = _needed_together(tried, together, base, ceiling)
    return CeilingLimits(base, relaxed, together, limits, len(chosen), len(annotations))


def relaxations(config, annotations: List) -> List[Relaxation]:
    """Returns what can be relaxed, what costs least in training first."""
    data, options = config.data, config.model.options
    most = max([sum(not box.is_crowd for box in image.boxes) for image in annotations], default=0)
    # How many classes there are does not change the grid.
    cells = data.input_size[0] * data.input_size[1] // make_detector(config, 1).stride ** 2
    found = []

    def offer(name, value, relaxed):
        found.append(Relaxation(name, value, relaxed, _nested(name, relaxed)))

    if getattr(options, "max_detections", most) < min(most, cells):
        offer("model.options.max_detections", options.max_detections, min(most, cells))
    if data.max_boxes < most:
        offer("data.max_boxes", data.max_boxes, most)
    if getattr(options, "variant", "") == "original":
        offer("model.options.variant", "original", "mmdet")
    size = list(data.input_size)
    offer("data.input_size", size, [2 * side for side in size])
    return found


def spread(items: Sequence, count: int) -> list:
    """Returns at most `count` items, evenly spread over all, in their order."""
    if len(items) <= count:
        return list(items)
    return [items[index * len(items) // count] for index in range(count)]


def _needed_together(tried, together: float, base: float, ceiling: Callable) -> List[Relaxation]:
    """The relaxations without which the others do not reach what all reach together."""
    if together <= base + _NOTABLE:
        return []
    return [
        each
        for each in tried
        if ceiling(*(other for other in tried if other is not each)) < together - _NOTABLE
    ]


def _nested(name: str, value) -> Dict:
    """`a.b.c` and a value as {a: {b: {c: value}}}."""
    for key in reversed(name.split(".")):
        value = {key: value}
    return value
