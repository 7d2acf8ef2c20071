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
    staging = os.path.join(output_dir, _STAGING)
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


@contextlib.contextmanager
def _locked(folder: str):
    """Holds a lock on the folder itself, so that no lock file stays behind."""
    _make(folder)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise UserError(f"Another run is writing into '{folder}'; wait for it to end.") from error
    finally:
        os.close(descriptor)


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


def write_report_and_manifest(folder: str, reports: Mapping, document: dict) -> None:
    """Writes what makes the shards in `folder` a data set.

    Args:
      folder: of `new_data_set`.
      reports: `ProblemReport` of each split.
      document: of `manifest.manifest_document`.
    """
    report = {name: report.as_dict() for name, report in reports.items()}
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
    """Removes what a killed run left: its staging folder, and shards without a manifest."""
    staging = os.path.join(output_dir, _STAGING)
    if not os.path.exists(os.path.join(output_dir, manifest.FILE_NAME)):
        _remove(output_dir, files_of(os.path.join(staging, manifest.FILE_NAME)))
        _remove(output_dir, files_of(os.path.join(staging, _REPLACED)))
    if os.path.isdir(staging):
        shutil.rmtree(staging)


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
        with contextlib.suppress(FileNotFoundError):
            os.remove(os.path.join(folder, name))


def files_of(manifest_path: str) -> list:
    """Returns the names of the files that belong to the data set of a manifest; none without it.

    Shards that are `foreign` belong to someone else and stay where they are.
    """
    try:
        with open(manifest_path, encoding="utf-8") as stream:
            splits = json.load(stream)["splits"].values()
        shards = [shard for split in splits for shard in split["shards"]]
        own = [os.path.basename(shard["file"]) for shard in shards if not shard.get("foreign")]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return own + [REPORT_NAME]
