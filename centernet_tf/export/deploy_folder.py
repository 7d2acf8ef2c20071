"""What it takes to serve a folder's versions with TensorFlow Serving: `deploy/` beside them."""

import os
import re
import string
from importlib import resources
from typing import List

from centernet_tf.errors import UserError
from centernet_tf.export.remains import remove_remains, temporary_path

FOLDER = "deploy"
FILES = (
    "README.md",
    "batching.config",
    "compose.yaml",
    "kubernetes.yaml",
    "models.config",
    "monitoring.config",
)


def model_name(output_dir: str, given: str = "") -> str:
    """Returns the name under which servers offer the model: the one given, or the folder's.

    Raises:
      UserError: it has characters that cannot stand in a URL.
    """
    name = given or os.path.basename(os.path.abspath(output_dir))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
        raise UserError(
            f"'{name}' cannot be the name of a served model: give one of letters, digits and ._- "
            "as --model_name."
        )
    return name


def served_name(folder: str, given: str = "") -> str:
    """Returns the name to serve a folder's versions under: the one given, or that of `deploy/`.

    Raises:
      UserError: see `model_name`.
    """
    known = _served_names(os.path.join(folder, FOLDER, "models.config"))
    return model_name(folder, given or (known[0] if len(known) == 1 else ""))


def write_deploy_folder(output_dir: str, name: str) -> None:
    """Writes the files that are not there yet; what a person has changed stays.

    Prints a line where those that are there serve the versions under another name.
    """
    folder = os.path.join(output_dir, FOLDER)
    os.makedirs(folder, exist_ok=True)
    known = _served_names(os.path.join(folder, "models.config"))
    if known and name not in known:
        print(
            f"{folder} was written for the model name '{', '.join(known)}' and is left alone; "
            f"delete it and export again to have it serve '{name}'.",
            flush=True,
        )
    for file in FILES:
        path = os.path.join(folder, file)
        if not os.path.exists(path):
            _write_whole(path, fill_template(file, name))


def fill_template(file: str, name: str) -> str:
    """Returns one of `FILES` for a model."""
    template = resources.files("centernet_tf.export").joinpath("deploy", file)
    text = template.read_text(encoding="utf-8")
    return string.Template(text).substitute(name=name, label=_label(name))


def _label(name: str) -> str:
    """What Kubernetes takes as a name: small letters, digits and -, a letter first."""
    label = re.sub(r"[^a-z0-9]+", "-", name.lower())
    if not label[0].isalpha():
        label = f"model-{label}"
    return label[:63].strip("-")


def _served_names(path: str) -> List[str]:
    """The names in models.config, as far as there are any."""
    try:
        with open(path, encoding="utf-8") as stream:
            return re.findall(r"^\s*name:\s*[\"']([^\"']*)", stream.read(), re.MULTILINE)
    except (OSError, ValueError):
        return []


def _write_whole(path: str, text: str) -> None:
    prefix = path + ".incomplete-"
    remove_remains(prefix)
    temporary = temporary_path(prefix)
    with open(temporary, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
