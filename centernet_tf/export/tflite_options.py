"""What a person can choose for a TFLite file; the only place where these defaults stand."""

import dataclasses
from typing import Optional

from centernet_tf.errors import UserError, nearest

VARIANTS = ("float32", "float16", "dynamic_int8", "int8")
HEADS = ("full", "raw")
# How much lower than the trained network's the AP50 of a quantised file may be.
AP_DROP = 0.01
AP_DROP_DEFORMABLE = 0.02
# How much more AP and AP50 of a file with the raw head may lose, whatever the variant: it gets its
# letterboxed image in whole grey levels.
RAW_AP_DROP = 0.01


@dataclasses.dataclass(frozen=True)
class TFLiteOptions:
    """Choices that are a TFLite file's alone.

    Attributes:
      variant: float32; float16, weights stored in half; dynamic_int8, weights stored in a quarter
        and activations quantised while it runs; int8, weights and activations quantised by ranges
        seen on images of the training split.
      head: full, detections of an image of any size; raw, maps of an image that fills the network
        input, for delegates that take neither gathers nor sorting.
      check_images: records on which the file is scored beside the trained network; at most so many.
      calibration_images: images of the training split by which int8 finds its ranges.
      max_ap_drop: how much lower AP50 may be than the trained network's, for the variants that have
        no bound on boxes; None is `AP_DROP`, or `AP_DROP_DEFORMABLE` for a network with deformable
        layers.
    """

    variant: str = "float32"
    head: str = "full"
    check_images: int = 100
    calibration_images: int = 100
    max_ap_drop: Optional[float] = None

    def __post_init__(self):
        for name, known in (("variant", VARIANTS), ("head", HEADS)):
            value = getattr(self, name)
            if value not in known:
                raise UserError(
                    f"tflite_{name} must be one of {', '.join(known)}; got '{value}'."
                    f"{nearest(value, known)}"
                )
        for name in ("check_images", "calibration_images"):
            if getattr(self, name) < 1:
                raise UserError(f"tflite_{name} must be at least 1; got {getattr(self, name)}.")
        if self.max_ap_drop is not None and not 0 <= self.max_ap_drop <= 1:
            raise UserError(f"tflite_max_ap_drop must be 0 to 1; got {self.max_ap_drop}.")

    @property
    def is_quantized(self) -> bool:
        """Says whether the network computes with int8."""
        return self.variant in ("dynamic_int8", "int8")


DEFAULT_TFLITE_OPTIONS = TFLiteOptions()
