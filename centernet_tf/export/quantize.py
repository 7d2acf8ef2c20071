"""Post-training quantisation of a network to int8, with what must stay exact left in float32.

Three kinds of operations stay in float32:

* the first convolution. Its three channels fill a small part of the lanes int8 kernels compute
  with, so that float32 is twice as fast on x86, and no slower with the newest interpreter;
* convolutions whose result no other quantised operation reads: the last layer of each head and the
  offsets and masks of deformable convolutions. Coordinates and logits then keep float32's
  resolution, and the heat-map has hardly a plateau;
* whatever computes with coordinates or gathers: deformable sampling.

Normalisations are folded into the convolutions by the converter before it quantises.
"""

import functools
from typing import List

from tensorflow.lite.python.convert import mlir_quantize

from centernet_tf.errors import UserError
from centernet_tf.export import flatbuffer
from centernet_tf.export.folded_padding import with_folded_padding
from centernet_tf.export.native_output import hidden_unless_it_fails
from centernet_tf.export.one_scale import with_one_scale

# What is worth computing with int8.
PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")
# What is computed with int8 between them, so that nothing is converted back and forth.
CARRIERS = (
    "ADD",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "MAX_POOL_2D",
    "PAD",
    "RELU",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
)
# Of these, those whose results are values of their input, or zero. They may begin a part in int8.
SELECTORS = ("MAX_POOL_2D", "PAD")
# Input channels below which a convolution counts as the first.
FEW_CHANNELS = 8


def quantize(calibrated: bytes) -> bytes:
    """Quantises a network, weights by channel but for those of transposed convolutions.

    Args:
      calibrated: flatbuffer in float32 that notes the range of each tensor.

    Returns:
      the flatbuffer; inputs and outputs stay float32.

    Raises:
      UserError: something else than convolutions and what lies between them came out as int8.
    """
    model = flatbuffer.parse(calibrated)
    graph = model.subgraphs[0]
    kinds = {flatbuffer.kind(model, operator) for operator in graph.operators}
    with hidden_unless_it_fails():
        quantized = mlir_quantize(
            calibrated,
            denylisted_ops=sorted(kinds.difference(PRODUCTS, CARRIERS)),
            denylisted_nodes=float_tensors(model),
        )
    allowed = {*PRODUCTS, *CARRIERS, "QUANTIZE"}
    for name, result in flatbuffer.count_operations(quantized):
        if result == "int8" and name not in allowed:
            raise UserError(
                f"TFLite's converter made int8 of {name}, which has to stay in float32; export "
                "this network with another tflite_variant."
            )
    return with_folded_padding(with_one_scale(quantized))


def float_tensors(model) -> List[str]:
    """Returns the names of the results of all operations that stay in float32.

    Args:
      model: object tree of a network in float32.
    """
    graph = model.subgraphs[0]
    kinds = [flatbuffer.kind(model, operator) for operator in graph.operators]
    followers = _followers(graph)

    @functools.lru_cache(None)
    def feeds_a_product(index):
        return any(
            kinds[each] in PRODUCTS or (kinds[each] in CARRIERS and feeds_a_product(each))
            for each in followers[index]
        )

    chosen, quantized = set(), set()
    for index, operator in enumerate(graph.operators):
        if kinds[index] in PRODUCTS:
            fits = not _is_first(model, graph, operator)
        else:
            sources = flatbuffer.tensor_list(operator.inputs)
            fits = kinds[index] in CARRIERS and not quantized.isdisjoint(sources)
        if fits and feeds_a_product(index):
            chosen.add(index)
            quantized.update(flatbuffer.tensor_list(operator.outputs))
    # Quantised before them instead of after them, every value stays as it is.
    for index in reversed(range(len(kinds))):
        if kinds[index] in SELECTORS and followers[index] and chosen.issuperset(followers[index]):
            chosen.add(index)
    results = [operator.outputs[0] for operator in graph.operators]
    return [
        graph.tensors[result].name.decode()
        for index, result in enumerate(results)
        if index not in chosen
    ]


def _followers(graph):
    """For each operator, the operators that read its results."""
    readers = {}
    for index, operator in enumerate(graph.operators):
        for tensor in flatbuffer.tensor_list(operator.inputs):
            readers.setdefault(tensor, []).append(index)
    return [
        [
            reader
            for result in flatbuffer.tensor_list(operator.outputs)
            for reader in readers.get(result, ())
        ]
        for operator in graph.operators
    ]


def _is_first(model, graph, operator) -> bool:
    """Says whether a convolution has hardly any input channels."""
    weights = graph.tensors[operator.inputs[1]]
    is_plain = flatbuffer.kind(model, operator) == "CONV_2D"
    return is_plain and weights.shape[3] < FEW_CHANNELS
