"""The text of the configuration that mmdet writes beside the weights it trained."""

import re

# Where it says how images are prepared, the surest place first. Augmentations that pad or crop have
# means and deviations of their own, often 0 and 1, which are none of the network's.
_PREPARATIONS = (
    r"\bdata_preprocessor\s*=\s*dict\(",
    r"\bimg_norm_cfg\s*=\s*dict\(",
    r"\bdict\(\s*type\s*=\s*['\"]Normalize['\"]",
)
_NESTED = re.compile(r"\bdict\((?:[^()]|\([^()]*\))*\)")
_NUMBERS = r"\s*=\s*[\[(]([^\])]*)[\])]"


def noted_preparation(text: str):
    """Returns (channel order, mean, std), or None where the text does not say it all."""
    for pattern in _PREPARATIONS:
        for start in re.finditer(pattern, text):
            arguments = _call(text, start.start()).partition("(")[2]
            found = _preparation(_NESTED.sub("", arguments))
            if found:
                return found
    return None


def noted_style(text: str) -> str:
    """Returns whose ResNet the backbone is, 'caffe' or 'pytorch', or '' where that is not said."""
    start = re.search(r"\bbackbone\s*=\s*dict\(", text)
    style = start and re.search(
        r"\bstyle\s*=\s*['\"](caffe|pytorch)['\"]", _call(text, start.start())
    )
    return style.group(1) if style else ""


def noted_flag(text: str, name: str):
    """Returns the bool that an argument of the text has, or None where it is not there."""
    found = re.search(rf"\b{name}\s*=\s*(True|False)\b", text)
    return found and found.group(1) == "True"


def _call(text, start):
    """The text from `start` to the bracket that closes the first one after it."""
    depth = 0
    for place in re.finditer(r"[()]", text[start:]):
        depth += 1 if place.group() == "(" else -1
        if not depth:
            return text[start : start + place.end()]
    return text[start:]


def _preparation(text):
    mean, std = (_numbers(text, name) for name in ("mean", "std"))
    swapped = noted_flag(text, "(?:bgr_to_rgb|to_rgb)")
    if mean is None or std is None or swapped is None or min(std) <= 0:
        return None
    return "rgb" if swapped else "bgr", mean, std


def _numbers(text, name):
    """Three numbers, or None."""
    found = re.search(rf"\b{name}{_NUMBERS}", text)
    try:
        numbers = tuple(float(part) for part in found.group(1).split(",") if part.strip())
    except (AttributeError, ValueError):
        return None
    return numbers if len(numbers) == 3 else None
