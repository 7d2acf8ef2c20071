r"""Size and latency of every TFLite variant of a trained detector, through both interpreters.

    python -m benchmarks.tflite --model_dir=runs/bccd --json=tflite.json

Variants take turns. Each interpreter and number of threads is measured in a process of its own: the
threads of XNNPACK wait by spinning, and those of a second interpreter would take the cores from the
first. On a busy machine more threads than idle cores cost many times what they save.
"""

import multiprocessing
import os
import tempfile
import time

import numpy as np
from absl import flags

from benchmarks import report
from centernet_tf import cli

_MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
_JSON = flags.DEFINE_string("json", None, "File to write the results to.")
_VARIANTS = flags.DEFINE_list(
    "variants", ["float32", "float16", "dynamic_int8", "int8"], "Variants; ratios to the first."
)
_HEAD = flags.DEFINE_string("head", "full", "full or raw.")
_LIBRARIES = flags.DEFINE_list("libraries", ["tensorflow", "litert"], "Interpreters.")
_THREADS = flags.DEFINE_list("threads", ["1", "2", "4"], "Numbers of threads.")
_REPEATS = flags.DEFINE_integer("repeats", 30, "Timed calls of each.")


def _convert(folder):
    """Writes a flatbuffer a variant and one image; returns the sizes as Rows."""
    import tensorflow as tf

    from centernet_tf.export.options import DEFAULT_OPTIONS
    from centernet_tf.export.raw_decoder import letterbox
    from centernet_tf.export.sample_images import sample_images
    from centernet_tf.export.tflite_convert import convert
    from centernet_tf.export.tflite_options import TFLiteOptions
    from centernet_tf.training.model_dir import load_trained

    trained = load_trained(_MODEL_DIR.value)
    (encoded,), _ = sample_images(trained, 1)
    image = tf.io.decode_image(encoded, 3, expand_animations=False).numpy()
    if _HEAD.value == "raw":
        image = letterbox(image, trained.config.data.input_size)[0][0]
    np.save(os.path.join(folder, "image.npy"), image[None])
    sizes = {}
    for variant in _VARIANTS.value:
        model = convert(trained, DEFAULT_OPTIONS, TFLiteOptions(variant, _HEAD.value))
        with open(os.path.join(folder, variant), "wb") as stream:
            stream.write(model)
        sizes[variant] = report.row(f"{variant} size", "MB", [len(model) / 1e6])
    return sizes


def _time(folder, variants, library, threads, repeats):
    """Times all variants in turn; runs in a process of its own."""
    from centernet_tf.export.interpreters import make_interpreter

    image = np.load(os.path.join(folder, "image.npy"))
    interpreters = {}
    for variant in variants:
        with open(os.path.join(folder, variant), "rb") as stream:
            interpreter = make_interpreter(stream.read(), threads, library)
        index = interpreter.get_input_details()[0]["index"]
        interpreter.resize_tensor_input(index, image.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(index, image)
        interpreters[variant] = interpreter
    milliseconds = {variant: [] for variant in variants}
    for repeat in range(3 + repeats):
        for variant, interpreter in interpreters.items():
            # Of a run of calls only the last is timed, after the caches are its own.
            interpreter.invoke()
            start = time.perf_counter()
            interpreter.invoke()
            if repeat >= 3:
                milliseconds[variant].append(1e3 * (time.perf_counter() - start))
    return milliseconds


def _ratios(name, rows):
    """The medians of all variants over that of the first."""
    first, *others = rows
    return {f"{name} {v}/{first}": report.ratio(rows[v], rows[first]) for v in others}


def main(_):
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        sizes = _convert(folder)
        rows = list(sizes.values())
        ratios = _ratios("size", sizes)
        for library in _LIBRARIES.value:
            for threads in map(int, _THREADS.value):
                arguments = (folder, _VARIANTS.value, library, threads, _REPEATS.value)
                with context.Pool(1) as pool:
                    timed = pool.apply(_time, arguments)
                name = f"{library} {threads} threads"
                found = {v: report.row(f"{name} {v}", "ms", timed[v]) for v in timed}
                rows += found.values()
                ratios.update(_ratios(name, found))
    report.print_table(rows, ratios, 1)
    if _JSON.value:
        report.write_json(_JSON.value, rows, ratios)


if __name__ == "__main__":
    cli.run(main, required=["model_dir"], existing=["model_dir"])
