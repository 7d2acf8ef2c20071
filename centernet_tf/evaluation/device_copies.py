"""A network on every device of this machine, so that an evaluation uses all of them."""

from typing import List

import tensorflow as tf

from centernet_tf.detectors.stacks import inference_network
from centernet_tf.evaluation.detect import detect_function


def evaluation_devices(runtime) -> List[str]:
    """Returns the names of the devices that an evaluation is spread over.

    All GPUs, or the logical CPUs that `runtime.cpu_replicas` asked for; with one of them, or
    `runtime.strategy` one_device, [''], which leaves the place to TensorFlow. Of several workers
    one evaluates alone, on its own devices.

    Args:
      runtime: `RuntimeConfig`.
    """
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if runtime.strategy == "multi_worker_mirrored":
        # The logical devices are those of all workers; names without a worker are one's own.
        own = tf.config.list_physical_devices(devices[0].device_type)
        names = [f"{device.device_type}:{index}" for index, device in enumerate(own)]
        return names if len(names) > 1 else [""]
    if runtime.strategy == "one_device" or len(devices) < 2:
        return [""]
    return [device.name for device in devices]


def evaluation_size(config):
    """What an evaluation builds its network for: any size for 'keep', else None, the input's."""
    return (None, None) if config.evaluation.resolution == "keep" else None


class DeviceCopies:
    """A network and its copies, outside any strategy, as batches are not shared out but dealt.

    Whole batches go to the devices in turn, so that each is computed as one device alone would,
    and the scores do not depend on how many there are.

    Attributes:
      networks: one for each device.
      detect: a function of `detect_function` for each of them.
    """

    def __init__(self, network, detector, devices, flip=False, input_size=None):
        """Builds the copies.

        Args:
          network: for inference; without an `input_size` it serves the first device itself.
          detector: its `PointDetector`.
          devices: of `evaluation_devices`.
          flip: see `detect_function`.
          input_size: what the copies are built for, see `evaluation_size`.
        """
        self._network, self.networks = network, []
        for device in devices:
            if self.networks or input_size:
                with tf.device(device):
                    network = inference_network(detector.build(input_size))
            self.networks.append(network)
        self.detect = [
            detect_function(each, detector, flip, device)
            for each, device in zip(self.networks, devices)
        ]
        self.refresh()

    def refresh(self) -> None:
        """Gives the copies the present weights of the network."""
        for copy in self.networks:
            if copy is self._network:
                continue
            for target, source in zip(copy.variables, self._network.variables):
                target.assign(source)


def device_copies(network, detector, config) -> DeviceCopies:
    """Returns what evaluates a network as an experiment says; call it outside any strategy."""
    devices, flip = evaluation_devices(config.runtime), config.evaluation.flip
    return DeviceCopies(network, detector, devices, flip, evaluation_size(config))
