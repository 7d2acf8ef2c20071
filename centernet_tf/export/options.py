"""What a person can choose at export; the only place where these defaults stand."""

import dataclasses

from centernet_tf.errors import UserError


@dataclasses.dataclass(frozen=True)
class ExportOptions:
    """Choices that are built into an exported detector.

    Attributes:
      max_detections: rows K an image gets; 0 keeps as many as the decoder finds.
      score_threshold: rows that score below are padding; 0 keeps every row.
    """

    max_detections: int = 0
    score_threshold: float = 0.0

    def __post_init__(self):
        if self.max_detections < 0:
            raise UserError(
                f"max_detections must be 0 (as many as the decoder finds) or more; "
                f"got {self.max_detections}."
            )
        if not 0 <= self.score_threshold < 1:
            raise UserError(
                f"score_threshold must be at least 0 and below 1; got {self.score_threshold}."
            )


DEFAULT_OPTIONS = ExportOptions()
