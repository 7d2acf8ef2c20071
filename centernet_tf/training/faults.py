"""Errors of a running training that a user can mend, turned into sentences."""

import contextlib
import re

import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.training.non_finite_loss import NOT_FINITE, describe

_REMEDY = "Make the data set again with python -m pipelines.make_tfrecords."

# What a collective operation ends with when one of its members does not answer.
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)


@contextlib.contextmanager
def faults_told(config, manifest, report_path, steps_per_epoch, schedule):
    """Around `fit`: raises UserError for unusable data, a loss that is not finite, a lost worker.

    Args:
      config: `ExperimentConfig`.
      manifest: `Manifest` of its data set.
      report_path: where the records left out are named.
      steps_per_epoch: of the run.
      schedule: from step to learning rate.
    """
    split = f"split '{config.data.train_split}' of {config.data.path}"
    try:
        yield
    except tf.errors.FailedPreconditionError as error:
        if "expected to contain" not in error.message:
            raise
        raise UserError(
            f"Too many records of {split} cannot be used; {report_path} names those met so far. "
            f"{_REMEDY}"
        ) from error
    except _LOST as error:
        if config.runtime.strategy != "multi_worker_mirrored":
            raise
        raise UserError(
            "Another worker is gone, or cannot be reached. Start all workers again with the same "
            "command; they go on from the last checkpoint."
        ) from error
    except tf.errors.InvalidArgumentError as error:
        if NOT_FINITE in error.message:
            sentence = describe(error.message, config, manifest, steps_per_epoch, schedule)
            raise UserError(sentence) from error
        unknown = _unknown_id(error.message)
        if not unknown:
            raise
        raise UserError(
            f"A record of {split} holds the category id {unknown[1]}, which its manifest does not "
            f"list ({unknown[2].strip()}): records and manifest do not belong together. {_REMEDY}"
        ) from error


def _unknown_id(message):
    form = r"has no category with the id\D*(\d+).*?stands in\W*([^\]\n]*)"
    return re.search(form, message, re.S)
