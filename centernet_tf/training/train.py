"""The training job: from an experiment to a trained model directory; the same call resumes it."""

import os
import sys
from typing import Callable, NamedTuple, Tuple

import keras
import tensorflow as tf

from centernet_tf.cli import describe_machine
from centernet_tf.count_of import count_of
from centernet_tf.data.input_pipeline import steps_per_epoch, train_dataset
from centernet_tf.data.manifest import load_manifest
from centernet_tf.detectors import make_detector
from centernet_tf.errors import UserError
from centernet_tf.evaluation.evaluate import evaluate
from centernet_tf.settings import ExperimentConfig
from centernet_tf.training.best_checkpoint import KeepBest
from centernet_tf.training.checkpoints import Checkpoints
from centernet_tf.training.evaluation_callback import EvaluateDuringTraining
from centernet_tf.training.faults import faults_told
from centernet_tf.training.fine_tuning import init_from_checkpoint
from centernet_tf.training.freed_memory import GiveBackFreedMemory
from centernet_tf.training.history import History
from centernet_tf.training.left_out_report import ReportLeftOut
from centernet_tf.training.model_dir import has_checkpoint, load_trained, write_description
from centernet_tf.training.notices import start_notices
from centernet_tf.training.optimizers import make_schedule
from centernet_tf.training.progress import Progress
from centernet_tf.training.runtime import check_batch, make_strategy, set_seed, use_xla
from centernet_tf.training.scored_network import ScoredNetwork
from centernet_tf.training.stop_on_signal import StopOnSignal, Stopped
from centernet_tf.training.trainer import Trainer
from centernet_tf.training.trainer_setup import make_trainer
from centernet_tf.training.workers import agreement, distribute, folder_to_write, is_chief
from centernet_tf.weights.imagenet_mobilenet import has_application_weights, init_mobilenet
from centernet_tf.weights.init_backbone import init_backbone

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
        chief = train(config, model_dir, evaluate_between=mode == "train_and_eval")
        if not chief:
            return {}
    if mode == "train":
        return {}
    trained = load_trained(model_dir)
    return evaluate(trained, load_manifest(config.data.path), progress=sys.stdout.isatty())


def train(config: ExperimentConfig, model_dir: str, evaluate_between: bool) -> bool:
    """Trains to the last epoch; see `run_job`. SIGTERM saves and exits the process.

    Returns:
      whether this process is the only or the chief of several workers.
    """
    strategy = make_strategy(config.runtime)
    manifest = open_data_set(config)
    check_batch(config, strategy)
    steps = steps_per_epoch(config, manifest)
    set_seed(config.runtime)
    chief = is_chief(strategy)
    notices = start_notices(model_dir, config, manifest, steps)
    if chief:
        write_description(model_dir, config, manifest.categories)
    print(describe_machine(strategy, use_xla(config), config.runtime.precision), flush=True)
    for notice in notices:
        print(notice, flush=True)
    with folder_to_write(model_dir, strategy) as write_dir:
        run = _set_up(config, manifest, strategy, steps, (model_dir, write_dir))
        _train(config, manifest, run, write_dir, evaluate_between)
    return chief


class _Run(NamedTuple):
    """What a training holds on to."""

    strategy: tf.distribute.Strategy
    steps: int
    schedule: Callable
    trainer: Trainer
    checkpoints: Checkpoints
    # Epochs finished, and batches of the next.
    place: Tuple[int, int]


def _set_up(config, manifest, strategy, steps, folders):
    """Builds the trainer in the strategy's scope and finds the place where it goes on."""
    model_dir, write_dir = folders
    detector = make_detector(config, manifest.num_classes)
    schedule = make_schedule(config.train.optimizer, steps, config.train.epochs)
    with strategy.scope():
        trainer = make_trainer(config, detector, schedule, _starting_weights(config, model_dir))
        checkpoints = Checkpoints(model_dir, trainer, config.train, write_dir)
        place = checkpoints.restore()
    return _Run(strategy, steps, schedule, trainer, checkpoints, place)


def _starting_weights(config, model_dir):
    """Returns what `make_trainer` calls with the network, or None where a run is resumed."""
    train, backbone = config.train, config.model.backbone
    if not (train.init_checkpoint or backbone.init_checkpoint) or has_checkpoint(model_dir):
        return None

    def prepare(network):
        if not train.init_checkpoint:
            print(_start_trunk(network, backbone, config.data), flush=True)
            return
        told = init_from_checkpoint(network, train.init_checkpoint, train.init_allow_missing)
        print(told, flush=True)

    return prepare


def _start_trunk(network, backbone, data) -> str:
    path = backbone.init_checkpoint
    if has_application_weights(backbone.name):
        return init_mobilenet(network, backbone.name, backbone.width_multiplier, path)
    return init_backbone(network, path, backbone.name, data)


def _train(config, manifest, run, write_dir, evaluate_between) -> None:
    finished, batches = run.place
    model_dir = os.path.normpath(os.path.dirname(run.checkpoints.source))
    if finished >= config.train.epochs:
        done = count_of(config.train.epochs, "epoch")
        print(f"{model_dir} has finished its {done}; nothing to train (raise train.epochs).")
        return
    if finished or batches:
        within = f" and {count_of(batches, 'step')}" if batches else ""
        print(f"Resuming {model_dir} after epoch {finished}{within}.", flush=True)
    left_out = ReportLeftOut(write_dir, config, manifest)
    callbacks = _callbacks(config, manifest, run, write_dir, evaluate_between)
    callbacks += [left_out, GiveBackFreedMemory(), run.checkpoints]
    with faults_told(config, manifest, left_out.report_path, run.steps, run.schedule):
        if batches == run.steps:
            _close_epoch(run, finished, callbacks)
        for first, last, length in _parts(finished, batches, config.train.epochs, run.steps):
            data = distribute(
                run.strategy,
                lambda context, first=first, length=length: train_dataset(
                    config,
                    manifest,
                    run.trainer.detector.encode,
                    first,
                    left_out.notes_path,
                    context,
                ).skip(run.steps - length),
            )
            _fit(run, data, (first, last), length, callbacks)
    print(f"Trained {count_of(config.train.epochs, 'epoch')}; results are in {model_dir}")


def _callbacks(config, manifest, run, write_dir, evaluate_between) -> list:
    """Returns those that run before the checkpoint, in their order.

    The line of the epoch comes first; the history opens the epoch's record, the evaluation adds to
    it, and the checkpoint closes the epoch.
    """
    history = History(write_dir, run.steps, config.train.global_batch_size)
    history.resume(run.place[0])
    progress = Progress(config.train.epochs, run.steps, config.train.global_batch_size)
    callbacks = [progress, history]
    if evaluate_between:
        replicas = run.strategy.num_replicas_in_sync
        scored = ScoredNetwork(run.trainer, config.runtime.precision, replicas)
        chief = is_chief(run.strategy)
        evaluation = EvaluateDuringTraining(scored, config, manifest, history, chief)
        callbacks.append(evaluation)
        if config.train.keep_best and chief:
            callbacks.append(KeepBest(write_dir, evaluation, scored, run.checkpoints))
    return callbacks


def _close_epoch(run, epoch, callbacks) -> None:
    """Does what follows the steps of an epoch that was interrupted after the last of them."""
    trainer = run.trainer
    parts = keras.callbacks.CallbackList(callbacks, model=trainer, steps=0, verbose=0)
    parts.on_train_begin()
    parts.on_epoch_begin(epoch)
    logs = {mean.name: float(mean.result().numpy()) for mean in trainer.metrics}
    logs["learning_rate"] = float(trainer.optimizer.learning_rate.numpy())
    parts.on_epoch_end(epoch, logs)
    parts.on_train_end()


def _parts(epoch, batches, epochs, steps):
    """Yields (first epoch, end, steps of each): the rest of an epoch begun, then whole ones."""
    if 0 < batches < steps:
        yield epoch, epoch + 1, steps - batches
    epoch += batches > 0
    if epoch < epochs:
        yield epoch, epochs, steps


def _fit(run, batches, epochs, steps, callbacks) -> None:
    """Trains epochs of so many steps; a signal to end is obeyed after the step in work."""
    try:
        with StopOnSignal(run.checkpoints, agreement(run.strategy)) as stop:
            run.trainer.fit(
                batches,
                initial_epoch=epochs[0],
                epochs=epochs[1],
                steps_per_epoch=steps,
                # Last, as its checkpoint needs the place that `run.checkpoints` notes.
                callbacks=[*callbacks, stop],
                verbose=0,
            )
    except Stopped:
        print(f"Stopped and saved {run.checkpoints.source}; the same command goes on.", flush=True)
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
