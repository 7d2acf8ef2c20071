"""What a person can choose when records are made; the only place where these defaults stand."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ConvertOptions:
    """How records are made.

    Attributes:
      num_shards: files a split, 0 chooses by its size.
      max_bad_fraction: of the images, and of the boxes, that may be left out before the run fails.
      exif_boxes: frame of the boxes of turned photographs: `auto`, `stored` or `upright`; see
        `check_boxes`.
      workers: threads that check images.
      overwrite: whether a data set that is there is replaced.
      source: what the user asked for, kept in the manifest.
    """

    num_shards: int = 0
    max_bad_fraction: float = 0.01
    exif_boxes: str = "auto"
    workers: int = 2
    overwrite: bool = False
    source: dict = dataclasses.field(default_factory=dict)


DEFAULT_OPTIONS = ConvertOptions()
