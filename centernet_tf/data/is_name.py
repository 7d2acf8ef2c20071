"""What may be the name of a class."""

import re

# Control characters, line breaks, and lone surrogates, which UTF-8 cannot hold.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def is_name(value) -> bool:
    """Says whether `value` is text of one line that a person can see and UTF-8 can hold."""
    return isinstance(value, str) and bool(value.strip()) and _UNFIT.search(value) is None
