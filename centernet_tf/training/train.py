"""The training job: from an experiment to a trained model directory; the same call resumes it."""

import os
import sys

import keras

from centernet_tf.cli import describe_machine
from centernet_tf.count_of import count_of
from centernet_tf.data.input_pipeline import steps_per_epoch, train_dataset
from centernet_tf.data.manifest import load_manifest
from centernet_tf.data.service import through_service
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation.evaluate import evaluate
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.checkpoints import Checkpoints
from centernet_tf.training.evaluation_callback import EvaluateDuringTraining
from centernet_tf.training.faults import faults_told
from centernet_tf.training.history import History
from centernet_tf.training.left_out_report import ReportLeftOut
from centernet_tf.training.model_dir import load_trained, write_description
from centernet_tf.training.optimizers import make_optimizer, make_schedule
from centernet_tf.training.runtime import make_strategy, set_seed, use_xla
from centernet_tf.training.stop_on_signal import StopOnSignal, Stopped
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
    """Trains to the last epoch; see `run_job`. SIGTERM saves and exits the process."""
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
        finished, batches = checkpoints.restore()
    if finished >= config.train.epochs:
        done = count_of(config.train.epochs, "epoch")
        print(f"{model_dir} has finished its {done}; nothing to train (raise train.epochs).")
        return
    if finished or batches:
        within = f" and {count_of(batches, 'step')}" if batches else ""
        print(f"Resuming {model_dir} after epoch {finished}{within}.", flush=True)

    history = History(model_dir, steps, config.train.global_batch_size)
    history.resume(finished)
    left_out = ReportLeftOut(model_dir, config, manifest)
    # Keras's own line comes first; the history opens the epoch's record, the evaluation adds to
    # it, and the checkpoint closes the epoch.
    callbacks = [keras.callbacks.ProgbarLogger(count_mode="steps"), history]
    if evaluate_between:
        callbacks.append(EvaluateDuringTraining(trainer, config, manifest, history))
    callbacks += [left_out, checkpoints]
    with faults_told(config, manifest, left_out.report_path, steps, schedule):
        for first, last, length in _parts(finished, batches, config.train.epochs, steps):
            data = _batches(config, manifest, detector, first, left_out.notes_path)
            _fit(trainer, data.skip(steps - length), (first, last), length, callbacks)
    epochs = count_of(config.train.epochs, "epoch")
    print(f"Trained {epochs}; results are in {os.path.normpath(model_dir)}")


def _tell_crowded(split, max_boxes: int) -> None:
    over, most = split.crowded(max_boxes)
    if over:
        print(
            f"More objects than data.max_boxes={max_boxes} in {over} of "
            f"{count_of(split.num_examples, 'image')} of '{split.name}' (at most {most}); the "
            "smallest are not trained.",
            flush=True,
        )


def _parts(epoch, batches, epochs, steps):
    """Yields (first epoch, end, steps of each): the rest of an epoch begun, then whole ones."""
    if 0 < batches < steps:
        yield epoch, epoch + 1, steps - batches
    epoch += batches > 0
    if epoch < epochs:
        yield epoch, epochs, steps


def _batches(config, manifest, detector, first_epoch, notes_path):
    batches = train_dataset(config, manifest, detector.encode, first_epoch, notes_path)
    if config.data.service:
        batches = through_service(batches, config.data.service)
    return batches


def _fit(trainer, batches, epochs, steps, callbacks) -> None:
    """Trains epochs of so many steps; a signal to end is obeyed after the step in work."""
    checkpoints = callbacks[-1]
    try:
        with StopOnSignal(checkpoints) as stop:
            trainer.fit(
                batches,
                initial_epoch=epochs[0],
                epochs=epochs[1],
                steps_per_epoch=steps,
                # Last, as its checkpoint needs the place that `checkpoints` notes.
                callbacks=[*callbacks, stop],
                verbose=1 if sys.stdout.isatty() else 2,
            )
    except Stopped:
        print(f"Stopped and saved {checkpoints.folder}; the same command goes on.", flush=True)
        sys.exit(0)


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
            f"{count_of(manifest.num_classes, 'class')} ({', '.join(manifest.class_names[:10])}); "
            f"set it to {manifest.num_classes}, or to 0, which takes the data set's."
        )
    return manifest
