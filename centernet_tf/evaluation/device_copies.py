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


class DeviceCopies:
    """A network and its copies, outside any strategy, as batches are not shared out but dealt.

    Whole batches go to the devices in turn, so that each is computed as one device alone would,
    and the scores do not depend on how many there are.

    Attributes:
      detect: a function of `detect_function` for each device.
    """

    def __init__(self, network, detector, devices, flip=False, input_size=None):
        """Builds the copies.

        Args:
          network: for inference; it stays where it is and serves the first device.
          detector: its `PointDetector`.
          devices: of `evaluation_devices`.
          flip: see `detect_function`.
          input_size: what the network was built for, see `PointDetector.build`.
        """
        self._network, self._copies = network, []
        self.detect = [detect_function(network, detector, flip, devices[0])]
        for device in devices[1:]:
            with tf.device(device):
                copy = inference_network(detector.build(input_size))
            self._copies.append(copy)
            self.detect.append(detect_function(copy, detector, flip, device))
        self.refresh()

    def refresh(self) -> None:
        """Gives the copies the present weights of the network."""
        for copy in self._copies:
            for target, source in zip(copy.variables, self._network.variables):
                target.assign(source)
