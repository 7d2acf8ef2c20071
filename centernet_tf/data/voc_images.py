"""The image files of a Pascal VOC folder, which its lists name without an extension."""

import collections
import os
from typing import Dict, List, Optional

from centernet_tf.data.image_list import EXTENSIONS
from centernet_tf.data.safe_path import path_inside
from centernet_tf.errors import UserError


class VocImages:
    """Finds files in JPEGImages, whatever the case of their extension.

    Each folder is listed once.
    """

    def __init__(self, voc_root: str):
        self.folder = os.path.join(voc_root, "JPEGImages")
        self._listed: Dict[str, Dict[str, List[str]]] = {}

    def find(self, name: str) -> Optional[str]:
        """Returns the path of the image `name`, None where there is none.

        Of several with different extensions it is the first in the order of `EXTENSIONS`.

        Raises:
          UserError: the folder cannot be read.
        """
        path = path_inside(self.folder, name)
        if path is None:
            return None
        here, stem = os.path.split(path)
        if here not in self._listed:
            self._listed[here] = _files_by_stem(here)
        paths = (os.path.join(here, file_name) for file_name in self._listed[here].get(stem, ()))
        return next((path for path in paths if os.path.isfile(path)), None)


def _files_by_stem(folder: str) -> Dict[str, List[str]]:
    if not os.path.isdir(folder):
        return {}
    try:
        file_names = sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(f"Cannot read the folder '{folder}': {error.strerror}.") from error
    found = collections.defaultdict(list)
    for extension in EXTENSIONS:
        for file_name in file_names:
            if file_name.lower().endswith(extension):
                found[file_name[: -len(extension)]].append(file_name)
    return found
