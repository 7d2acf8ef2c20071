"""File names from annotation files, which are not to be trusted as paths."""

import os
import re
from typing import Optional


def path_inside(folder: str, file_name: str) -> Optional[str]:
    """Returns the path of `file_name` in `folder`, or None when the name leads out of it.

    Refused are absolute paths, drive letters, URLs, `..` between slashes of either kind, control
    characters, and names longer than a file system takes.
    """
    parts = re.split(r"[/\\]", file_name)
    leads_out = ".." in parts or re.match(r"[/\\~]|[A-Za-z]:[/\\]|\w+://", file_name)
    unnameable = not file_name.strip() or re.search(r"[\x00-\x1f]", file_name)
    too_long = any(len(os.fsencode(part)) > 255 for part in parts if _encodes(part))
    if leads_out or unnameable or too_long or not _encodes(file_name):
        return None
    return os.path.join(folder, file_name)


def _encodes(text: str) -> bool:
    """Says whether the file system can express `text`; lone surrogates from JSON escapes cannot."""
    try:
        text.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False
