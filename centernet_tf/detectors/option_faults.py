"""Faults that the options of several detectors have in common."""

from centernet_tf.errors import nearest
from centernet_tf.ops.gaussian import RADIUS_RULES


def not_one_of(name, value, choices):
    """Returns (is wrong, sentence) for an option with named choices."""
    known = " or ".join(choices) if len(choices) == 2 else f"one of {', '.join(choices)}"
    return (
        value not in choices,
        f"model.options.{name} must be {known}; got '{value}'.{nearest(value, choices)}",
    )


def peak_checks(options):
    """Yields (is wrong, sentence) for the options of a detector that learns Gaussian peaks."""
    yield not_one_of("radius_rule", options.radius_rule, RADIUS_RULES)
    yield not_one_of("variant", options.variant, ("original", "mmdet"))
    yield (
        not 0.0 < options.min_overlap < 1.0,
        f"model.options.min_overlap must lie between 0 and 1; got {options.min_overlap}.",
    )
    yield (
        options.peak_kernel < 1 or options.peak_kernel % 2 == 0,
        f"model.options.peak_kernel must be odd; got {options.peak_kernel}.",
    )
