"""File names from annotation files, which are not to be trusted as paths."""

import os
import re
from typing import List, Optional, Tuple


def path_inside(folder: str, file_name: str) -> Optional[str]:
    """Returns the path of `file_name` in `folder`, or None when the name leads out or is unusable.

    Out lead absolute paths, drive letters, URLs, and `..` between slashes of either kind. Unusable
    are blank names, control characters, what is not UTF-8, and more than a file system takes.
    """
    if _leads_out(file_name) or _unusable(file_name):
        return None
    return os.path.join(folder, file_name)


def path_fault(file_name: str) -> Tuple[str, str]:
    """Returns why `path_inside` refuses a name: a key of `problems.REASONS`, and a detail."""
    if _leads_out(file_name):
        return "unsafe_path", ""
    return "unusable_name", _unusable(file_name)


def separator_hint(file_name: str) -> str:
    """Returns words on the name of a missing file that has backslashes, '' for other names."""
    return r"its name has '\', folders are divided by '/'" if "\\" in file_name else ""


def _leads_out(file_name: str) -> bool:
    is_elsewhere = re.match(r"[/\\~]|[A-Za-z]:[/\\]|\w+://", file_name) is not None
    return is_elsewhere or ".." in _parts(file_name)


def _unusable(file_name: str) -> str:
    if not file_name.strip():
        return "the name is blank"
    if not _encodes(file_name):
        return "the name is not UTF-8; rename the file"
    if re.search(r"[\x00-\x1f]", file_name):
        return "the name has control characters"
    if any(len(os.fsencode(part)) > 255 for part in _parts(file_name)):
        return "the name is longer than 255 bytes"
    return ""


def _parts(file_name: str) -> List[str]:
    return re.split(r"[/\\]", file_name)


def _encodes(text: str) -> bool:
    """Says whether the file system can express `text`; lone surrogates from JSON escapes cannot."""
    try:
        text.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False
