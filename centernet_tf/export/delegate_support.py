"""Which operations of a TFLite file the delegates take, and which stay on the plain CPU kernels.

XNNPACK, the default on CPUs, is not asked but looked up, after the README of its delegate in
TensorFlow 2.15: a name here says that the delegate has a kernel, which may still refuse unusual
attributes. GPU delegates are asked through TensorFlow's own analyser.
"""

import contextlib
import io
import re
from typing import Dict, List

import tensorflow as tf

from centernet_tf.export import flatbuffer
from centernet_tf.export.native_output import hidden_unless_it_fails

_BOTH = {
    "ADD", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED",
    "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D", "MEAN", "MUL", "PAD", "QUANTIZE", "RELU", "RELU6",
    "RESHAPE", "RESIZE_BILINEAR", "SLICE", "SPLIT", "STRIDED_SLICE", "SUB", "TANH", "TRANSPOSE",
    "TRANSPOSE_CONV",
}  # fmt: skip
_FLOAT_ONLY = {
    "ABS", "AVERAGE_POOL_2D", "CEIL", "DEPTH_TO_SPACE", "DIV", "FLOOR", "HARD_SWISH", "MAXIMUM",
    "MINIMUM", "NEG", "PRELU", "ROUND", "SOFTMAX", "SPACE_TO_DEPTH", "SQRT", "SQUARE",
    "SQUARED_DIFFERENCE",
}  # fmt: skip
XNNPACK = {"float32": _BOTH | _FLOAT_ONLY, "int8": _BOTH}


def operation_list(model: bytes) -> List[dict]:
    """Returns one entry for each operation and type: {"operation", "type", "count", "xnnpack",
    "gpu"}; the last two are bools, "gpu" None where TensorFlow's analyser cannot say."""
    refused = _refused_by_gpu(model)
    return [
        {
            "operation": name,
            "type": result,
            "count": count,
            "xnnpack": name in XNNPACK.get(result, ()),
            "gpu": None if refused is None else name not in refused,
        }
        for (name, result), count in flatbuffer.count_operations(model).items()
    ]


def support_table(operations: List[dict]) -> str:
    """Returns the list as a Markdown table."""
    words: Dict[object, str] = {True: "yes", False: "no", None: "?"}
    lines = ["| operation | type | count | XNNPACK | GPU |", "|---|---|---|---|---|"]
    for entry in operations:
        taken = " | ".join(words[entry[name]] for name in ("xnnpack", "gpu"))
        lines.append(f"| {entry['operation']} | {entry['type']} | {entry['count']} | {taken} |")
    return "\n".join(lines)


def _refused_by_gpu(model: bytes):
    """Names of the operations that the analyser calls incompatible in at least one place."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), hidden_unless_it_fails():
            tf.lite.experimental.Analyzer.analyze(model_content=model, gpu_compatibility=True)
    except (RuntimeError, ValueError):
        return None
    refused, name = set(), ""
    for line in printed.getvalue().splitlines():
        operation = re.search(r"Op#\d+ ([A-Z0-9_]+)\(", line)
        name = operation.group(1) if operation else name
        if line.startswith("GPU COMPATIBILITY WARNING: Not"):
            refused.add(name)
    return refused
