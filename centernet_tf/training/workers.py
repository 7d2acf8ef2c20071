"""What several processes that train one detector agree on."""

import contextlib
import json
import os
import tempfile

import tensorflow as tf

from centernet_tf.errors import UserError


def check_cluster() -> None:
    """Checks the environment variable TF_CONFIG, the list of workers and which one this is.

    Raises:
      UserError: it is not set or does not say so.
    """
    text = os.environ.get("TF_CONFIG", "")
    form = '{"cluster": {"worker": ["host1:port", "host2:port"]}, "task": {"type": "worker", ...}}'
    try:
        document = json.loads(text)
        task, cluster = document["task"], document["cluster"]
        known = 0 <= int(task["index"]) < len(cluster[task["type"]])
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UserError(
            "runtime.strategy multi_worker_mirrored reads the workers from the environment "
            f"variable TF_CONFIG, such as {form} with this one's index; got '{text}'."
        )


def num_workers(strategy) -> int:
    """Number of processes that train together."""
    resolver = strategy.cluster_resolver
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy) or resolver is None:
        return 1
    return max(1, len(sum(resolver.cluster_spec().as_dict().values(), [])))


def is_chief(strategy) -> bool:
    """Whether this process is the one that writes into the model directory."""
    if num_workers(strategy) == 1:
        return True
    resolver = strategy.cluster_resolver
    has_chief = "chief" in resolver.cluster_spec().jobs
    return (resolver.task_type, resolver.task_id) == ("chief" if has_chief else "worker", 0)


def agreement(strategy):
    """Returns f(bool) -> bool: whether any worker says so, which all have to ask at once."""
    if num_workers(strategy) == 1:
        return bool

    @tf.function
    def count(flag):
        def add_up(value):
            # The sum goes where its operand was computed; an argument was computed nowhere.
            vote = value + 0.0
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, vote)

        return strategy.run(add_up, args=(flag,))

    def any_worker(said):
        votes = count(tf.constant(1.0 if said else 0.0))
        return bool(strategy.experimental_local_results(votes)[0] > 0)

    return any_worker


@contextlib.contextmanager
def folder_to_write(model_dir: str, strategy):
    """Gives the folder for what a run leaves: a temporary one unless this is the chief.

    Reading the variables of a checkpoint takes all workers, so all of them write one.
    """
    if is_chief(strategy):
        yield model_dir
        return
    with tempfile.TemporaryDirectory(prefix="centernet_tf_worker_") as folder:
        yield folder


def distribute(strategy, make_batches):
    """Returns what `fit` takes: the whole batches, or with several workers this one's part.

    Args:
      strategy: of the run.
      make_batches: from a `tf.distribute.InputContext`, or None for the whole, to batches.
    """
    if num_workers(strategy) == 1:
        return make_batches(None)
    local = strategy.num_replicas_in_sync // num_workers(strategy)
    return strategy.distribute_datasets_from_function(
        lambda context: _for_each_replica(make_batches(context), local)
    )


def _for_each_replica(batches, replicas):
    if replicas == 1:
        return batches

    def split(*batch):
        return tf.nest.map_structure(
            lambda value: tf.reshape(
                value, [replicas, value.shape[0] // replicas, *value.shape[1:]]
            ),
            batch,
        )

    return batches.map(split).unbatch()
