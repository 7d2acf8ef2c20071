"""Networks with several supervised stacks, as hourglasses have: what each of them says.

The network of a detector returns one flat dictionary. The maps of the last stack, the only ones
that inference looks at, have plain names; those of earlier stacks carry a prefix, `stack0_` for the
first.
"""

import re

import keras

_EARLIER = re.compile(r"stack(\d+)_(.+)")


def stack_prefixes(count):
    """Returns the prefixes of the map names of `count` stacks: 'stack0_', ..., and '' for the last.

    With one stack that is [''].
    """
    return [f"stack{stack}_" for stack in range(count - 1)] + [""]


def stack_outputs(outputs):
    """Returns a list of dicts of maps, one for each stack, first stack first, without prefixes.

    Args:
      outputs: what a detector's network returned; with one stack the list has `outputs` itself.
    """
    earlier, last = {}, {}
    for name, value in outputs.items():
        match = _EARLIER.fullmatch(name)
        if match:
            earlier.setdefault(int(match.group(1)), {})[match.group(2)] = value
        else:
            last[name] = value
    return [earlier[stack] for stack in sorted(earlier)] + [last]


def inference_network(network):
    """Returns the functional model of the last stack's maps, sharing the layers of `network`.

    Heads of earlier stacks, and their weights, are no part of it. A network with one stack is
    returned as it is.
    """
    last = stack_outputs(network.output)[-1]
    if len(last) == len(network.output):
        return network
    return keras.Model(network.input, last, name=network.name)


def mean_over_stacks(loss, outputs):
    """Returns the losses of a detector as means over its stacks (the original's sum over stacks
    divided by their number).

    Args:
      loss: f(maps of one stack) -> dict of scalars.
      outputs: what a detector's network returned.
    """
    losses = [loss(stack) for stack in stack_outputs(outputs)]
    return {name: sum(each[name] for each in losses) / len(losses) for name in losses[0]}
