"""What may be the name of a class."""

import re


def is_name(value) -> bool:
    """Says whether `value` is text that UTF-8 can hold, which lone surrogates are not."""
    return isinstance(value, str) and bool(value) and re.search("[\ud800-\udfff]", value) is None
