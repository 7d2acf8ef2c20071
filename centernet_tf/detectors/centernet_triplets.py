"""CenterNet of keypoint triplets: a pair of corners and what lies between (Duan et al. 2019)."""

import dataclasses

import tensorflow as tf

from centernet_tf.detectors import cornernet
from centernet_tf.layers.corner_pool import cascade_corner_module, center_module
from centernet_tf.ops.corner_decode import Keypoints, confirm_by_centers


@dataclasses.dataclass
class Options(cornernet.Options):
    """Settings besides those of CornerNet; the defaults are the original's."""

    radius_rule: str = "original"
    min_overlap: float = 0.7
    corners: int = 70
    # Centres an image, and the area in square pixels up to which a box is confirmed by a centre in
    # the middle third of each side instead of the middle fifth.
    centers: int = 70
    small_area: float = 22500.0

    def faults(self, config):
        """Returns a sentence for every setting that cannot be."""
        faults = super().faults(config)
        height, width = cornernet.map_sides(config.data.input_size)
        if not 0 < self.centers <= height * width:
            faults.append(
                f"model.options.centers must be 1 to {height * width}, the cells of the output "
                f"map; got {self.centers}."
            )
        return faults


class Detector(cornernet.Detector):
    """CornerNet with cascade corner pooling and a branch for centres that confirm the boxes."""

    keypoints = ("tl", "br", "center")

    def _pooled(self, features, keypoint, prefix):
        """The prediction module of one kind of keypoint in one stack."""
        channels, name = self.options.pool_channels, f"{prefix}{keypoint}_pool"
        if keypoint == "center":
            return center_module(features, channels, name)
        method = cornernet.pool_method(self.config)
        return cascade_corner_module(features, keypoint, channels, name, method)

    def _pairs(self, outputs, prefix):
        """The confirmed pairs of corners in the maps of this prefix, in the frame of those maps."""
        pairs = super()._pairs(outputs, prefix)
        return confirm_by_centers(pairs, self._centers(outputs, prefix), self.options.small_area)

    def _centers(self, outputs, prefix):
        """The centres of image and, in a flip test, mirror image, in the frame of the prefix.

        Those of the image come first.
        """
        both = [
            self._top(outputs, f"{part}center", self.options.centers)
            for part in ("", cornernet.MIRRORED)
            if f"{part}center_heatmap" in outputs
        ]
        if len(both) == 1:
            return both[0]
        turned = 0 if prefix else 1
        width = tf.cast(self._frame(outputs)[1], tf.float32)
        y, x = tf.unstack(both[turned].places, axis=-1)
        both[turned] = both[turned]._replace(places=tf.stack([y, width - x], axis=-1))
        fields = (tf.concat(pair, axis=1) for pair in zip(both[0][:3], both[1][:3]))
        return Keypoints(*fields, tags=None)
