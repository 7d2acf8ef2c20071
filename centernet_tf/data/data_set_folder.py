"""A folder that holds a whole data set or none, whenever a run is killed.

Everything is written into `.unfinished` inside the folder, its manifest too, and then moved out,
the manifest last. Who finds `.unfinished` finds the remains of a killed run, and from the
manifests in it which files of the new and of the replaced data set lie about.
"""

import contextlib
import fcntl
import json
import os
import shutil
from typing import Iterator, Mapping, Sequence

from centernet_tf.data import manifest
from centernet_tf.errors import UserError

_STAGING = ".unfinished"
_REPLACED = "replaced.json"
REPORT_NAME = "report.json"
# File systems take 255 bytes, and the number of the shard comes behind.
_LONGEST_NAME = 200
# A folder that a data set may have, of pictures that were made for it.
PICTURES_FOLDER = "pictures"


@contextlib.contextmanager
def new_data_set(output_dir: str, overwrite: bool) -> Iterator[str]:
    """Yields the folder to write into; its files become the data set when the block ends well.

    Args:
      output_dir: made where it is missing; after an exception it is left as it was found.
      overwrite: whether a data set that is there may be replaced.

    Raises:
      UserError: there is a data set already, another run is writing there, or the folder cannot be
        written.
    """
    existed = os.path.isdir(output_dir)
    staging = staging_folder(output_dir)
    with _locked(output_dir):
        try:
            refuse_existing(output_dir, overwrite)
            _remove_remains(output_dir)
            _make(staging)
            yield staging
            _publish(staging, output_dir)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            if not existed and not os.listdir(output_dir):
                os.rmdir(output_dir)


def staging_folder(output_dir: str) -> str:
    """Returns the folder that `new_data_set` yields."""
    return os.path.join(output_dir, _STAGING)


@contextlib.contextmanager
def _locked(folder: str):
    """Holds a lock on the folder itself, so that no lock file stays behind."""
    _make(folder)
    with contextlib.ExitStack() as at_exit:
        try:
            descriptor = os.open(folder, os.O_RDONLY)
            at_exit.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"Another run is writing into '{folder}'; wait for it to end."
            ) from error
        except OSError as error:
            raise UserError(f"Cannot lock the folder '{folder}': {error.strerror}.") from error
        yield


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot make the folder '{folder}': {error.strerror}.") from error


def check_split_names(names: Sequence[str]) -> None:
    """Raises UserError when there are none, two are the same, or one makes no file name."""
    if not names or len(set(names)) < len(names):
        raise UserError(f"Every split needs a name of its own; got {', '.join(names) or 'none'}.")
    for name in names:
        if not name or not all(letter.isalnum() or letter in "_-" for letter in name):
            raise UserError(
                "A split is named with letters, digits, '_' and '-', as it becomes a file name; "
                f"got '{name}'."
            )
        if len(name.encode()) > _LONGEST_NAME:
            raise UserError(
                f"The name of a split becomes a file name, so it has at most {_LONGEST_NAME} bytes "
                f"in UTF-8; the one that begins with '{name[:40]}' has {len(name.encode())}."
            )


def write_report_and_manifest(folder: str, reports: Mapping, document: dict) -> None:
    """Writes what makes the shards and the pictures in `folder` a data set.

    Args:
      folder: of `new_data_set`.
      reports: `ProblemReport` of each split.
      document: of `manifest.manifest_document`.
    """
    report = {name: report.as_dict() for name, report in reports.items()}
    if os.path.isdir(os.path.join(folder, PICTURES_FOLDER)):
        document = {**document, PICTURES_FOLDER: True}
    for name, content in ((REPORT_NAME, report), (manifest.FILE_NAME, document)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, ensure_ascii=True)
            stream.write("\n")


def refuse_existing(output_dir: str, overwrite: bool) -> None:
    """Raises UserError when `output_dir` holds a data set that may not be replaced."""
    if os.path.exists(os.path.join(output_dir, manifest.FILE_NAME)) and not overwrite:
        raise UserError(
            f"'{output_dir}' holds a data set already; give --overwrite to replace it, or another "
            "--output_dir."
        )


def _remove_remains(output_dir: str) -> None:
    """Removes what a killed run left: its staging folder, and files without a manifest."""
    staging = staging_folder(output_dir)
    if os.path.islink(staging):
        raise UserError(f"'{staging}' is a link, where a run makes a folder; remove it.")
    try:
        if not os.path.exists(os.path.join(output_dir, manifest.FILE_NAME)):
            new = files_of(os.path.join(staging, manifest.FILE_NAME))
            # What is in staging still was not moved: a file of that name outside is another's.
            moved = [name for name in new if not os.path.exists(os.path.join(staging, name))]
            _remove(output_dir, moved)
            _remove(output_dir, files_of(os.path.join(staging, _REPLACED)))
        if os.path.isdir(staging):
            shutil.rmtree(staging)
    except OSError as error:
        raise UserError(
            f"Cannot remove what a killed run left in '{staging}': {error.strerror}."
        ) from error


def refuse_as_source(output_dir: str, descriptions: Sequence[str]) -> None:
    """Raises UserError when what is to be read goes with the data set that is to be replaced.

    Args:
      output_dir: where a data set may be.
      descriptions: of sources, paths with `:` between them.
    """
    if PICTURES_FOLDER not in files_of(os.path.join(output_dir, manifest.FILE_NAME)):
        return
    pictures = os.path.realpath(os.path.join(output_dir, PICTURES_FOLDER))
    for path in (part for description in descriptions for part in description.split(":")):
        if os.path.join(os.path.realpath(path), "").startswith(os.path.join(pictures, "")):
            raise UserError(
                f"'{path}' belongs to the data set in '{output_dir}', which would be replaced; "
                "give another --output_dir."
            )


def refuse_strangers(output_dir: str, names: Sequence[str]) -> None:
    """Raises UserError when a file of these names is there that no data set of ours will lose."""
    own = files_of(os.path.join(output_dir, manifest.FILE_NAME))
    for name in names:
        path = os.path.join(output_dir, name)
        if name not in own and os.path.lexists(path):
            raise UserError(
                f"'{path}' is there already and belongs to no data set in that folder; move it "
                "away, or give another --output_dir."
            )


def _publish(staging: str, output_dir: str) -> None:
    """Moves the finished files out of staging, in the place of those of an earlier data set.

    After an exception everything is moved back.
    """
    new_manifest = os.path.join(staging, manifest.FILE_NAME)
    refuse_strangers(output_dir, files_of(new_manifest))
    # A copy stays in staging until the move is done, so that after a kill the shards are known.
    shutil.copyfile(new_manifest, new_manifest + ".copy")
    done = []
    try:
        for source, target in _moves(staging, output_dir, new_manifest):
            os.replace(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            os.replace(target, source)
        raise


def _moves(staging, output_dir, new_manifest):
    """Returns (source, target) of what is to be moved, in this order."""
    listed = os.path.join(output_dir, manifest.FILE_NAME)
    moves = []
    if os.path.exists(listed):
        aside = os.path.join(staging, "replaced")
        os.mkdir(aside)
        old = [name for name in files_of(listed) if os.path.exists(os.path.join(output_dir, name))]
        moves = [(listed, os.path.join(staging, _REPLACED))]
        moves += [(os.path.join(output_dir, name), os.path.join(aside, name)) for name in old]
    moves += [
        (os.path.join(staging, name), os.path.join(output_dir, name))
        for name in files_of(new_manifest)
    ]
    return [*moves, (new_manifest + ".copy", listed)]


def _remove(folder: str, names: list) -> None:
    for name in names:
        path = os.path.join(folder, name)
        if name == PICTURES_FOLDER and os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)


def files_of(manifest_path: str) -> list:
    """Returns the names of the files that belong to the data set of a manifest; none without it.

    The folder of its pictures is among them. Shards that are `foreign` belong to someone else and
    stay where they are.
    """
    try:
        with open(manifest_path, encoding="utf-8") as stream:
            document = json.load(stream)
        shards = [shard for split in document["splits"].values() for shard in split["shards"]]
        own = [os.path.basename(shard["file"]) for shard in shards if not shard.get("foreign")]
        pictures = [PICTURES_FOLDER] if document.get(PICTURES_FOLDER) else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return own + [REPORT_NAME] + pictures
