"""Why a row of a batch has no detections though it was answered: the codes of `image_status`."""

GOOD = 0
DAMAGED = 1
TOO_LARGE = 2
UNKNOWN_FORMAT = 3

MEANINGS = {
    GOOD: "was read",
    DAMAGED: "cannot be decoded: cut off, damaged, or an example without image/encoded",
    TOO_LARGE: "has more pixels than this export permits",
    UNKNOWN_FORMAT: "is no JPEG, PNG or BMP",
}
