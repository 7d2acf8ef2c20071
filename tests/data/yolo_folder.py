"""A folder as YOLO's tools lay it out, made by a test."""

from tests.data import coco_folder

NAMES = {0: "hat", 4: "traffic light"}
GOOD = "0 0.5 0.5 0.25 0.5\n"


def write_folder(root, labels, part="train"):
    """Writes images/PART/0.jpg, 1.jpg, ... and labels/PART/0.txt, ...; None writes no text file."""
    coco_folder.write_images(root / "images" / part, len(labels))
    (root / "labels" / part).mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(labels):
        if text is not None:
            content = text if isinstance(text, bytes) else text.encode()
            (root / "labels" / part / f"{number}.txt").write_bytes(content)
    return str(root / "images" / part)


def write_yaml(tmp_path, text):
    path = tmp_path / "data.yaml"
    path.write_text(f"names: [hat]\n{text}")
    return str(path)
