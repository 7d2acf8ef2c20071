"""What was found wrong in a data set, counted by reason with file names."""

import collections
import dataclasses
from typing import Dict, List


@dataclasses.dataclass(frozen=True)
class Reason:
    """A kind of problem: its subject (`image` or `box`), whether that is left out, the meaning."""

    subject: str
    dropped: bool
    meaning: str


REASONS = {
    "malformed_image_entry": Reason("image", True, "image entry without usable id or file name"),
    "duplicate_image": Reason("image", True, "image id or name listed a second time"),
    "unsafe_path": Reason("image", True, "file name leads out of the image folder"),
    "unusable_name": Reason("image", True, "file name that no path or record can hold"),
    "missing_image": Reason("image", True, "annotated, but there is no such image file"),
    "unreadable_annotation": Reason("image", True, "annotation file of the image cannot be read"),
    "undecodable_image": Reason("image", True, "image file cannot be decoded"),
    "oversized_image": Reason("image", True, "image has too many pixels or bytes"),
    "malformed_box": Reason("box", True, "box without four numbers, or with wrong types"),
    "not_finite": Reason("box", True, "NaN or infinite coordinates"),
    "swapped_corners": Reason("box", True, "minimum corner beyond the maximum corner"),
    "negative_area": Reason("box", True, "negative width or height"),
    "zero_area": Reason("box", True, "zero width or height (after clipping, in float32)"),
    "outside_image": Reason("box", True, "reaches out of the image by more than 2 pixels"),
    "unknown_class": Reason("box", True, "class that the category list does not hold"),
    "duplicate_box": Reason("box", True, "same class and box a second time in one image"),
    "annotation_without_image": Reason("box", True, "annotation of an image that is not listed"),
    "image_left_out": Reason("box", True, "box of an image that is left out"),
    "malformed_keypoints": Reason("box", False, "keypoints of the wrong form; box kept without"),
    "doubtful_box": Reason("box", False, "no area, not finite or outside; other tool's record"),
    "clipped": Reason("box", False, "reached out by up to 2 pixels, clipped to the image"),
    "image_without_annotation": Reason("image", False, "no annotation file; kept without boxes"),
    "image_without_boxes": Reason("image", False, "no boxes (left); kept as background"),
    "repeated_id": Reason("image", False, "id of an earlier record; the split cannot be scored"),
    "oriented": Reason("image", False, "EXIF orientation applied to the pixels"),
    "reencoded": Reason(
        "image", False, "pixels stored anew in a form that TensorFlow reads as RGB"
    ),
    "nearly_black": Reason(
        "image", False, "16-bit values only in the lowest bits, nearly black as 8; scale them first"
    ),
    "size_differs": Reason(
        "image", False, "recorded size is not the real one; boxes taken as they are"
    ),
    "boxes_rescaled": Reason(
        "image", False, "image was resized after annotation; boxes scaled to it"
    ),
}


class ProblemReport:
    """Counts of one split: images and boxes read and written, and problems by reason."""

    def __init__(self):
        self.images_read = 0
        self.images_written = 0
        self.boxes_read = 0
        self.boxes_written = 0
        self.boxes_by_class = collections.Counter()
        self.images_by_boxes = collections.Counter()
        self._entries: Dict[str, List[dict]] = {}

    def add(self, reason: str, file_name: str, detail: str = "") -> None:
        """Counts one problem; `reason` is a key of `REASONS`, `detail` quotes what was found."""
        assert reason in REASONS, reason
        self._entries.setdefault(reason, []).append({"file_name": file_name, "detail": detail})

    def lose_boxes(self, count: int, file_name: str, reason: str) -> None:
        """Counts the boxes, read so far or not, that an image left out for `reason` takes along."""
        for _ in range(count):
            self.add("image_left_out", file_name, reason)

    def count(self, reason: str) -> int:
        """Returns how often `reason` was found."""
        return len(self._entries.get(reason, ()))

    def entries(self, reason: str) -> List[dict]:
        """Returns the `{"file_name", "detail"}` of every find of `reason`, in order."""
        return list(self._entries.get(reason, ()))

    def reasons(self) -> List[str]:
        """Returns the reasons found, in the order of `REASONS`."""
        return [reason for reason in REASONS if reason in self._entries]

    def dropped(self, subject: str) -> Dict[str, int]:
        """Returns the counts of the reasons for which an `image` or a `box` was left out."""
        return {
            reason: self.count(reason)
            for reason in self.reasons()
            if REASONS[reason].subject == subject and REASONS[reason].dropped
        }

    def as_dict(self) -> dict:
        """Returns the report in plain types, for JSON."""
        problems = {
            reason: {
                "count": self.count(reason),
                "subject": REASONS[reason].subject,
                "left_out": REASONS[reason].dropped,
                "meaning": REASONS[reason].meaning,
                "entries": self.entries(reason),
            }
            for reason in self.reasons()
        }
        return {
            "images_read": self.images_read,
            "images_written": self.images_written,
            "boxes_read": self.boxes_read,
            "boxes_written": self.boxes_written,
            "boxes_by_class": dict(sorted(self.boxes_by_class.items())),
            "problems": problems,
        }
