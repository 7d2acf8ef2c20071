"""Measures callables side by side and reports them as a table and as JSON.

The callables take turns, so that whatever else the machine does hits all of them alike and ratios
of two medians of one run mean something even where the medians alone do not.
"""

import dataclasses
import json
import os
import platform
import statistics
import time

import tensorflow as tf

from centernet_tf.errors import UserError


@dataclasses.dataclass(frozen=True)
class Row:
    """One measured quantity: median, least and greatest of n values in `unit`."""

    name: str
    unit: str
    median: float
    min: float
    max: float
    n: int


def row(name, unit, values):
    """Summarises the values of one quantity as a Row."""
    return Row(name, unit, statistics.median(values), min(values), max(values), len(values))


def measure(callables, repeats=20, warm_up=3):
    """Times callables round-robin.

    Args:
      callables: dict of name to a callable without arguments, which returns when its work is done.
      repeats: timed calls of each.
      warm_up: untimed calls of each beforehand, which trace and compile.

    Returns:
      dict of name to Row in milliseconds a call.
    """
    for call in callables.values():
        for _ in range(warm_up):
            call()
    milliseconds = {name: [] for name in callables}
    for _ in range(repeats):
        for name, call in callables.items():
            start = time.perf_counter()
            call()
            milliseconds[name].append(1e3 * (time.perf_counter() - start))
    return {name: row(name, "ms", values) for name, values in milliseconds.items()}


def scaled(row, factor):
    """A Row for a part of what was timed, such as one image of a batch."""
    values = {name: getattr(row, name) * factor for name in ("median", "min", "max")}
    return dataclasses.replace(row, **values)


def ratio(numerator, denominator):
    """Median of one Row over the median of another of the same run."""
    return numerator.median / denominator.median


def machine():
    """Returns what the numbers depend on, and nothing that names the machine."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads()
        or os.cpu_count(),
        "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads()
        or os.cpu_count(),
        "gpus": len(tf.config.list_physical_devices("GPU")),
        "tensorflow": tf.__version__,
    }


def print_table(rows, ratios=None, batch=None):
    """Prints rows and ratios, with threads and batch size beside them."""
    about = machine()
    batch = "" if batch is None else f", batch {batch}"
    print(
        f"{about['cpu']}, {about['cores']} cores, {about['intra_op_threads']} threads{batch},"
        f" TensorFlow {about['tensorflow']}"
    )
    names = [row.name for row in rows] + list(ratios or {})
    width = max(map(len, names), default=4)
    print(f"{'name':<{width}}  {'unit':<8} {'median':>9} {'min':>9} {'max':>9} {'n':>4}")
    for each in rows:
        numbers = f"{each.median:9.2f} {each.min:9.2f} {each.max:9.2f} {each.n:4d}"
        print(f"{each.name:<{width}}  {each.unit:<8} {numbers}")
    for name, value in (ratios or {}).items():
        print(f"{name:<{width}}  {'ratio':<8} {value:9.2f}")


def write_json(path, rows, ratios):
    """Writes {"rows", "ratios", "machine"}; raises UserError if the file cannot be written."""
    document = {
        "rows": [dataclasses.asdict(each) for each in rows],
        "ratios": ratios,
        "machine": machine(),
    }
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
    except OSError as error:
        raise UserError(f"Cannot write the report to {path}: {error.strerror}.") from error


def _cpu_model():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            models = [
                line.split(":", 1)[1].strip() for line in file if line.startswith("model name")
            ]
    except OSError:
        models = []
    return models[0] if models else platform.processor() or platform.machine()
