"""An exponential moving average of a network's variables, which often scores better than they."""

import tensorflow as tf

from centernet_tf.training.checkpoint_weights import name_of


class AveragedWeights:
    """Averages of all variables of a network, the statistics of batch normalisation included.

    Statistics averaged like the weights fit them better than the newest ones would. The decay
    starts low and rises to its setting, so that the average forgets the initial weights:
    (1 + t) / (10 + t) after t updates, the rule of TensorFlow's `ExponentialMovingAverage`.

    Every replica keeps a copy of its own and updates it without talking to the others; reading
    takes the first one's, or for batch statistics the mean.

    Attributes:
      values: the averages, in the order of `network.variables`; they have the names of their
        variables, by which `checkpoint_weights` finds them in a checkpoint.
    """

    def __init__(self, network, decay: float):
        """Starts at the network's present values; create it in the strategy's scope."""
        self.decay = decay
        self._sources = list(network.variables)
        trained = {id(variable) for variable in network.trainable_variables}
        self.values = [
            tf.Variable(
                variable.value(),
                trainable=False,
                name=name_of(variable),
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=(
                    tf.VariableAggregation.ONLY_FIRST_REPLICA
                    if id(variable) in trained
                    else tf.VariableAggregation.MEAN
                ),
            )
            for variable in self._sources
        ]

    def update(self, step) -> None:
        """Moves the averages towards the variables; runs in each replica.

        Args:
          step: int64 scalar, updates before this one.
        """
        before = tf.cast(step, tf.float32)
        decay = tf.minimum(self.decay, (1.0 + before) / (10.0 + before))
        for average, variable in zip(self.values, self._sources):
            average.assign_sub((1.0 - decay) * (average - variable))
