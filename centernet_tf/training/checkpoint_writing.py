"""Checkpoints that cannot be written, and what they leave behind."""

import contextlib
import glob
import os
import re
import shutil

import tensorflow as tf

from centernet_tf.errors import UserError

# What TensorFlow makes of a full disk, a quota, a limit of file sizes, and a folder that is gone.
_WRITE_ERRORS = (
    OSError,
    tf.errors.ResourceExhaustedError,
    tf.errors.OutOfRangeError,
    tf.errors.PermissionDeniedError,
    tf.errors.NotFoundError,
    tf.errors.FailedPreconditionError,
    tf.errors.UnknownError,
)


@contextlib.contextmanager
def writing_told(manager):
    """Around `manager.save()`: a checkpoint that cannot be written is removed and told.

    Raises:
      UserError: it could not be written, for example because the disk is full.
    """
    try:
        yield
    except _WRITE_ERRORS as error:
        remove_unfinished(manager)
        last = manager.latest_checkpoint
        kept = f"{last} is whole" if last else "There is none before it"
        raise UserError(
            f"Cannot write a checkpoint to {manager.directory}: {_reason(error)}. "
            f"{kept}; make room, and the same command goes on."
        ) from error


def _reason(error) -> str:
    """Returns the last part of '{{node ...}} PATH; No space left on device [Op:SaveV2]'."""
    return re.sub(r" \[Op:.*", "", str(error).splitlines()[0]).split("; ")[-1]


def remove_unfinished(manager):
    """Removes the files of checkpoints that were begun and never named in the index."""
    kept = {os.path.basename(path) for path in manager.checkpoints}
    for path in glob.glob(os.path.join(glob.escape(manager.directory), "*-*")):
        if os.path.basename(path).split(".")[0] not in kept:
            with contextlib.suppress(OSError):
                shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
