"""What an exported TFLite file costs and is worth, as JSON and as a table."""

import os
import statistics
import time

import numpy as np

from centernet_tf.count_of import count_of
from centernet_tf.export.delegate_support import operation_list
from centernet_tf.export.interpreters import make_interpreter

THREADS = (1, 2, 4)
_REPEATS = 5
_WARM_UP = 2


def latency_ms(model: bytes, image, num_threads: int, library="tensorflow", repeats=_REPEATS):
    """Times a file on one image.

    Args:
      model: flatbuffer.
      image: uint8 [1, h, w, 3]; for a raw head of the input's size.
      num_threads: of the interpreter.
      library: see `interpreters.MODULES`.
      repeats: timed calls.

    Returns:
      {"median", "min", "max"} in milliseconds.
    """
    interpreter = make_interpreter(model, num_threads, library)
    index = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(index, image.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(index, image)
    values = []
    for _ in range(_WARM_UP + repeats):
        start = time.perf_counter()
        interpreter.invoke()
        values.append(1e3 * (time.perf_counter() - start))
    values = values[_WARM_UP:]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def make_report(model: bytes, description: dict, image, scores) -> dict:
    """Returns what export_report.json holds.

    Args:
      model: flatbuffer.
      description: metadata of the export, with "check".
      image: uint8 [h, w, 3], to time it on; for a raw head of the input's size.
      scores: from `tflite_check.score_both`.
    """
    batch = np.ascontiguousarray(image[None])
    return {
        **{name: description[name] for name in ("variant", "head", "step", "input_size", "sha256")},
        "size_bytes": len(model),
        "image_size": list(image.shape[:2]),
        "cores": os.cpu_count(),
        "latency_ms": {str(n): latency_ms(model, batch, n) for n in THREADS},
        "difference": description["check"],
        "scores": scores,
        "operations": operation_list(model),
        "versions": description["versions"],
    }


def report_table(report: dict) -> str:
    """Returns the report as text for the terminal; the operations as counts alone."""
    check, scores = report["difference"], report["scores"]
    threads = ", ".join(f"{n}: {v['median']:.1f}" for n, v in report["latency_ms"].items())
    # More threads than cores say nothing of the file: they wait for each other.
    cores = f"on {count_of(report['cores'], 'core')}, median of {_REPEATS}"
    rows = [
        ("variant, head", f"{report['variant']}, {report['head']}"),
        ("size", f"{report['size_bytes'] / 1e6:.2f} MB"),
        ("latency by threads", f"{threads} ms ({cores}; a busy machine says more)"),
        ("largest difference", f"{_number(check['box_px'])} px, {_number(check['score'])} score"),
    ]
    if scores:
        on = f"on {scores['images']} images of '{scores['split']}'"
        rows += [
            (metric, f"{scores['tflite'][metric]:.3f}, Keras {value:.3f}, {on}")
            for metric, value in scores["keras"].items()
        ]
    else:
        rows.append(("AP", "not measured: the data set is not here"))
    total = sum(entry["count"] for entry in report["operations"])
    for name, title in (("xnnpack", "XNNPACK"), ("gpu", "GPU delegate")):
        taken = sum(entry["count"] for entry in report["operations"] if entry[name])
        rows.append((f"taken by {title}", f"{taken} of {total} operations"))
    width = max(len(title) for title, _ in rows)
    return "\n".join(f"{title:<{width}}  {value}" for title, value in rows)


def _number(value) -> str:
    return "no counterpart" if value is None else f"{value:.2g}"
