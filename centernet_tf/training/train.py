"""The training job: from an experiment to a trained model directory; the same call resumes it."""

import contextlib
import os
import re
import sys

import tensorflow as tf

from centernet_tf.cli import describe_machine
from centernet_tf.config import ExperimentConfig
from centernet_tf.data.input_pipeline import steps_per_epoch, train_dataset
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.service import through_service
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation.evaluate import evaluate
from centernet_tf.training.checkpoints import Checkpoints
from centernet_tf.training.evaluation_callback import EvaluateDuringTraining
from centernet_tf.training.history import History
from centernet_tf.training.left_out_report import ReportLeftOut
from centernet_tf.training.model_dir import load_trained, write_description
from centernet_tf.training.optimizers import make_optimizer, make_schedule
from centernet_tf.training.runtime import make_strategy, set_seed, use_xla
from centernet_tf.training.trainer import Trainer

MODES = ("train", "eval", "train_and_eval")


def run_job(config: ExperimentConfig, model_dir: str, mode: str = "train_and_eval") -> dict:
    """Trains, evaluates, or both.

    A model directory with checkpoints is continued from the newest one; a finished run is left as
    it is.

    Args:
      config: the experiment; `data.path` must hold a data set.
      model_dir: folder for everything the run leaves.
      mode: one of `MODES`.

    Returns:
      the COCO metrics of the evaluation split; empty for mode 'train'.

    Raises:
      UserError: no data set, a class count that does not match, a folder with another run, and the
        like.
    """
    if mode != "eval":
        train(config, model_dir, evaluate_between=mode == "train_and_eval")
    if mode == "train":
        return {}
    trained = load_trained(model_dir)
    return evaluate(trained, load_manifest(config.data.path), progress=sys.stdout.isatty())


def train(config: ExperimentConfig, model_dir: str, evaluate_between: bool) -> None:
    """Trains to the last epoch; see `run_job`."""
    manifest = open_data_set(config)
    steps = steps_per_epoch(config, manifest)
    strategy, xla = make_strategy(config.runtime), use_xla(config.runtime)
    set_seed(config.runtime)
    write_description(model_dir, config, manifest.categories)
    print(describe_machine(strategy, xla), flush=True)
    _tell_crowded(manifest.split(config.data.train_split), config.data.max_boxes)

    with strategy.scope():
        detector = make_detector(config, manifest.num_classes)
        trainer = Trainer(detector, detector.build(), config.train.optimizer, xla)
        schedule = make_schedule(config.train.optimizer, steps, config.train.epochs)
        optimizer = make_optimizer(config.train.optimizer, schedule)
        optimizer.build(trainer.network.trainable_variables)
        trainer.compile(optimizer=optimizer)
        checkpoints = Checkpoints(model_dir, trainer, config.train)
        finished = checkpoints.restore()
    if finished >= config.train.epochs:
        print(f"{model_dir} has finished its {config.train.epochs} epochs; nothing to train.")
        return
    if finished:
        print(f"Resuming {model_dir} after epoch {finished}.", flush=True)

    history = History(model_dir, steps, config.train.global_batch_size)
    history.resume(finished)
    # The history opens the epoch's line, the evaluation adds to it, and the checkpoint closes the
    # epoch.
    callbacks = [history]
    if evaluate_between:
        callbacks.append(EvaluateDuringTraining(trainer, config, manifest, history))
    left_out = ReportLeftOut(model_dir, config, manifest)
    batches = train_dataset(
        config, manifest, detector.encode, finished, report_path=left_out.notes_path
    )
    if config.data.service:
        batches = through_service(batches, config.data.service)
    with _data_faults_told(config, left_out.report_path):
        trainer.fit(
            batches,
            initial_epoch=finished,
            epochs=config.train.epochs,
            steps_per_epoch=steps,
            callbacks=[*callbacks, left_out, checkpoints],
            verbose=1 if sys.stdout.isatty() else 2,
        )
    print(f"Trained {config.train.epochs} epochs; results are in {os.path.normpath(model_dir)}")


def _tell_crowded(split, max_boxes: int) -> None:
    over, most = split.crowded(max_boxes)
    if over:
        print(
            f"{over} of {split.num_examples} images of '{split.name}' hold more objects than "
            f"data.max_boxes={max_boxes} (at most {most}); the smallest of them are not trained.",
            flush=True,
        )


@contextlib.contextmanager
def _data_faults_told(config, report_path):
    """Turns the errors of the input pipeline that a user can mend into sentences."""
    split = f"split '{config.data.train_split}' of {config.data.path}"
    try:
        yield
    except tf.errors.FailedPreconditionError as error:
        if "expected to contain" not in error.message:
            raise
        raise UserError(
            f"Too many records of {split} cannot be used; {report_path} names those met so far. "
            "Make the data set again with python -m pipelines.make_tfrecords."
        ) from error
    except tf.errors.InvalidArgumentError as error:
        unknown = re.search(
            r"has no category with the id\D*(\d+).*?stands in\W*([^\]\n]*)", error.message, re.S
        )
        if not unknown:
            raise
        raise UserError(
            f"A record of {split} holds the category id {unknown[1]}, which its manifest does not "
            f"list ({unknown[2].strip()}): records and manifest do not belong together. Make "
            "the data set again with python -m pipelines.make_tfrecords."
        ) from error


def open_data_set(config: ExperimentConfig):
    """Returns the manifest of the experiment's data set.

    Raises:
      UserError: no path is set, there is no data set, or `model.num_classes` is not its class
        count.
    """
    if not config.data.path:
        raise UserError(
            "data.path is not set; give the folder written by pipelines.make_tfrecords, for "
            "example --params_override=data.path=/data/records."
        )
    manifest = load_manifest(config.data.path)
    wanted = config.model.num_classes
    if wanted and wanted != manifest.num_classes:
        raise UserError(
            f"model.num_classes is {wanted}, but the data set in {config.data.path} has "
            f"{manifest.num_classes} classes ({', '.join(manifest.class_names[:10])}); set it to "
            f"{manifest.num_classes}, or to 0, which takes the data set's."
        )
    return manifest
