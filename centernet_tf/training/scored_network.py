"""The network that evaluation sees while another one is trained."""

import keras

from centernet_tf.detectors.stacks import inference_network
from centernet_tf.training.checkpoint_weights import name_of


class ScoredNetwork:
    """A network with the weights to score: averaged ones where there are any, in float32.

    It is the trained network itself where that would make no difference. Otherwise it is one of its
    own, outside the strategy: weights are copied into it before each evaluation, which all workers
    of a run take part in, and from then on it belongs to one process.

    Attributes:
      network: the `keras.Model`; what it holds is of the last `refresh`.
      detector: its four verbs.
      kind: 'ema' or 'trained', which weights these are.
    """

    def __init__(self, trainer, precision: str, num_replicas: int):
        """Call it outside the strategy's scope.

        Args:
          trainer: the `Trainer`.
          precision: that its network was built in.
          num_replicas: of its strategy.
        """
        self.detector = trainer.detector
        self.kind = "ema" if trainer.average else "trained"
        self._own = trainer.average or precision != "float32" or num_replicas > 1
        self._sources = trainer.average.values if trainer.average else trainer.network.variables
        network = trainer.detector.build() if self._own else trainer.network
        self.network = inference_network(network)

    def refresh(self) -> keras.Model:
        """Returns the network with the present weights."""
        if self._own:
            targets = {name_of(variable): variable for variable in self.network.variables}
            for source in self._sources:
                value = source.read_value()
                if name_of(source) in targets:
                    targets[name_of(source)].assign(value)
        return self.network
