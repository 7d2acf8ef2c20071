"""What the TFLite converter leaves open, settled in the flatbuffer itself."""

from typing import List, Sequence

from tensorflow.lite.tools import flatbuffer_utils


def settle(model: bytes, input_shape: Sequence[int], output_names: Sequence[str]) -> bytes:
    """Gives the input a size to begin with, and the outputs an order that does not change.

    The converter writes 1 for unknown sides, with which an interpreter fails before it is told the
    size, and lists outputs in no particular order, which matters to programs that read them by
    index (tensorflow/tensorflow#33303).

    Args:
      model: a flatbuffer with one signature of one input.
      input_shape: of the input until it is resized.
      output_names: of the signature, in the order wanted.

    Returns:
      the flatbuffer.
    """
    parsed = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    (signature,) = parsed.signatureDefs
    graph = parsed.subgraphs[signature.subgraphIndex]
    graph.tensors[signature.inputs[0].tensorIndex].shape = list(input_shape)
    index = {entry.name.decode(): entry.tensorIndex for entry in signature.outputs}
    graph.outputs = [index[name] for name in output_names]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(parsed))


def operations(model: bytes) -> List[str]:
    """Returns the distinct operations of a flatbuffer, sorted; custom ones as `CUSTOM:<name>`."""
    parsed = flatbuffer_utils.convert_bytearray_to_object(bytearray(model))
    names = {
        f"CUSTOM:{code.customCode.decode()}"
        if code.customCode
        else flatbuffer_utils.opcode_to_name(parsed, index)
        for index, code in enumerate(parsed.operatorCodes)
    }
    return sorted(names)
