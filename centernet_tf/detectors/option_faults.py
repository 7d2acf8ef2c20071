"""Faults in a detector's options that any detector may have."""

from centernet_tf.errors import nearest


def not_one_of(name, value, choices):
    """Returns (is wrong, sentence) for an option with named choices."""
    return (
        value not in choices,
        f"model.options.{name} must be {' or '.join(choices)}; got '{value}'."
        f"{nearest(value, choices)}",
    )
