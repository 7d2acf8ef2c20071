"""Runs a function as a TFLite file that may hold builtin operations alone."""

import tensorflow as tf


def run_tflite(function, **arguments):
    """Returns a dict of arrays by name.

    Args:
      function: keyword tensors -> dict of tensors.
      arguments: arrays.
    """
    specs = {name: tf.TensorSpec(value.shape, value.dtype) for name, value in arguments.items()}
    module = tf.Module()
    module.run = tf.function(lambda **values: function(**values))
    concrete = module.run.get_concrete_function(**specs)
    # Variables of layers that the function uses; a module saves none that it does not hold.
    module.held = list(concrete.graph.variables)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = tf.lite.Interpreter(model_content=converter.convert())
    return interpreter.get_signature_runner()(**arguments)
