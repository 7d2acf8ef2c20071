"""What a person can choose at export; the only place where these defaults stand."""

import dataclasses

from centernet_tf.errors import UserError, nearest

BOX_UNITS = ("normalized", "pixels")
SAMPLINGS = ("auto", "portable")
SAVED_MODEL_ONLY = ("box_units", "raw_maps", "max_pixels", "model_name", "sampling")


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """Choices that are built into an exported detector; those of `SAVED_MODEL_ONLY` into one kind.

    Attributes:
      max_detections: rows K an image gets; 0 keeps as many as the decoder finds.
      score_threshold: rows that score below are padding; 0 keeps every row.
      flip_test: merge the maps of the image and of its mirror image, at twice the time.
      nms_iou: of two boxes of one class that overlap by more than this, the lower one is padding; 0
        suppresses none, as a detector of centres needs none.
      box_units: normalized, or pixels of the original image.
      raw_maps: put the network's maps out too, as `raw_NAME`.
      max_pixels: larger images are refused before memory is taken for them. The default passes
        24-megapixel cameras; every one read at once costs three bytes a pixel.
      model_name: under which servers offer it; '' takes the name of the output folder.
      sampling: how deformable layers sample: auto, by the quickest operations of the devices that
        export; portable, by those for GPUs and XLA wherever it is exported.
    """

    max_detections: int = 0
    score_threshold: float = 0.0
    flip_test: bool = False
    nms_iou: float = 0.0
    box_units: str = "normalized"
    raw_maps: bool = False
    max_pixels: int = 25_000_000
    model_name: str = ""
    sampling: str = "auto"

    def __post_init__(self):
        checks = (
            (
                self.max_detections < 0,
                "max_detections must be 0 (as many as the decoder finds) or more; "
                f"got {self.max_detections}.",
            ),
            (
                not 0 <= self.score_threshold < 1,
                f"score_threshold must be at least 0 and below 1; got {self.score_threshold}.",
            ),
            (
                not 0 <= self.nms_iou < 1,
                f"nms_iou must be at least 0 (no suppression) and below 1; got {self.nms_iou}.",
            ),
            (
                self.box_units not in BOX_UNITS,
                f"box_units must be one of {', '.join(BOX_UNITS)}; got '{self.box_units}'."
                f"{nearest(self.box_units, BOX_UNITS)}",
            ),
            (
                self.sampling not in SAMPLINGS,
                f"sampling must be one of {', '.join(SAMPLINGS)}; got '{self.sampling}'."
                f"{nearest(self.sampling, SAMPLINGS)}",
            ),
            (
                self.max_pixels < 1,
                f"max_pixels must be at least 1; got {self.max_pixels}.",
            ),
        )
        for wrong, sentence in checks:
            if wrong:
                raise UserError(sentence)


DEFAULT_OPTIONS = ExportOptions()
