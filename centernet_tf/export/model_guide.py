"""The page beside a TFLite file that says how to call it, written from the file itself."""

import dataclasses
import inspect
import json
import string

from centernet_tf.export import flatbuffer, raw_decoder
from centernet_tf.export.delegate_support import support_table
from centernet_tf.export.guide_python import PYTHON
from centernet_tf.export.guide_texts import KOTLIN, PAGE
from centernet_tf.export.options import DEFAULT_OPTIONS, SAVED_MODEL_ONLY
from centernet_tf.export.tflite_report import report_table


def model_guide(model: bytes, description: dict, report: dict, file_name: str) -> str:
    """Returns a Markdown page with code for Python and Kotlin.

    Names, shapes and their order are read from the flatbuffer, so that the page is right whatever
    was exported.

    Args:
      model: flatbuffer.
      description: metadata of the export.
      report: from `make_report`.
      file_name: of the .tflite file.
    """
    ends = _ends(model)
    head = description["head"]
    literal = json.dumps(file_name, ensure_ascii=False)
    known = {
        "file": file_name,
        "python_file": literal,
        # Kotlin reads $name within a string as a variable.
        "kotlin_file": literal.replace("$", "\\$"),
        "variant": description["variant"],
        "head": head,
        "detector": f"{description['detector']}, {description['backbone']}",
        "step": description["step"],
        "options": _options(description),
        "signature": flatbuffer.SIGNATURE,
        "input": ends["inputs"][0]["name"],
        "height": description["input_size"][0],
        "width": description["input_size"][1],
        "max_detections": description["max_detections"],
        "threshold": description["options"]["score_threshold"],
        "stride": description.get("stride", 0),
        "decoder": inspect.getsource(raw_decoder).split('"""', 2)[2].strip(),
        "kotlin_buffers": _kotlin_buffers(ends["outputs"]),
        "kotlin_outputs": _kotlin_outputs(ends["outputs"]),
        "labels": json.dumps(description["categories"], ensure_ascii=False),
    }
    if head == "full":
        by_role = dict(zip(("boxes", "classes", "scores", "count"), ends["outputs"]))
        known.update({role: entry["name"] for role, entry in by_role.items()})
    page = {
        **known,
        "tensors": _tensor_table(ends),
        "meaning": PAGE[head],
        "python": string.Template(PYTHON[head]).substitute(known).strip(),
        "kotlin": string.Template(KOTLIN[head]).substitute(known).strip(),
        "report": report_table(report).replace("\n", "\n    "),
        "operations": support_table(report["operations"]),
    }
    return string.Template(PAGE["page"]).substitute(page)


def _options(description: dict) -> str:
    """What was chosen at export, as far as it is in the file."""
    chosen = [
        f"{name}={json.dumps(description['options'][name])}"
        for name, default in dataclasses.asdict(DEFAULT_OPTIONS).items()
        if name not in (*SAVED_MODEL_ONLY, "max_detections")
        and description["options"][name] != default
    ]
    return ", ".join([f"at most {description['max_detections']} detections an image", *chosen])


def _ends(model: bytes) -> dict:
    """Name, type, shape and index of the inputs and outputs, in the file's order."""
    parsed = flatbuffer.parse(model)
    (signature,) = parsed.signatureDefs
    graph = parsed.subgraphs[signature.subgraphIndex]
    ends = {}
    for side, order in (("inputs", graph.inputs), ("outputs", graph.outputs)):
        names = {e.tensorIndex: e.name.decode() for e in getattr(signature, side)}
        ends[side] = [_end(graph.tensors[index], names[index]) for index in order]
    return ends


def _end(tensor, name: str) -> dict:
    free = tensor.shapeSignature
    shape = tensor.shape if free is None or not len(free) else free
    return {
        "name": name,
        "type": flatbuffer.type_name(tensor),
        "shape": ["any" if side < 0 else int(side) for side in shape],
    }


def _tensor_table(ends: dict) -> str:
    lines = ["| | index | name | type | shape |", "|---|---|---|---|---|"]
    for side, entries in ends.items():
        for index, entry in enumerate(entries):
            shape = " x ".join(map(str, entry["shape"]))
            cells = (side[:-1], str(index), f"`{entry['name']}`", entry["type"], shape)
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _kotlin_buffers(outputs) -> str:
    """A line of Kotlin for each output: a float buffer of its size."""
    lines = []
    for entry in outputs:
        size = 1
        for side in entry["shape"]:
            size *= side
        lines.append(f"    private val {_camel(entry['name'])} = floats({size})")
    return "\n".join(lines)


def _kotlin_outputs(outputs) -> str:
    pairs = [f'"{entry["name"]}" to {_camel(entry["name"])}' for entry in outputs]
    return "mapOf<String, Any>(" + ", ".join(pairs) + ")"


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
