"""The problems of a data set as a person reads them at the terminal."""

from typing import Mapping, Sequence

from centernet_tf.data.annotations import Category
from centernet_tf.data.problems import REASONS, ProblemReport


def report_table(reports: Mapping[str, ProblemReport], categories: Sequence[Category]) -> str:
    """Returns a table of images, boxes, classes and problems, a column a split."""
    rows = [
        ("images", [report.images_written for report in reports.values()], ""),
        ("boxes", [report.boxes_written for report in reports.values()], ""),
    ]
    for category in categories:
        counts = [report.boxes_by_class[category.name] for report in reports.values()]
        rows.append((f"  {category.name}", counts, ""))
    for reason, kind in REASONS.items():
        counts = [report.count(reason) for report in reports.values()]
        if any(counts):
            outcome = "left out" if kind.dropped else "kept"
            rows.append((reason, counts, f"{outcome}: {kind.meaning}"))
    label_width = max(len(label) for label, _, _ in rows)
    widths = [
        max(len(name), *(len(str(counts[column])) for _, counts, _ in rows))
        for column, name in enumerate(reports)
    ]
    header = " ".join(name.rjust(width) for name, width in zip(reports, widths))
    lines = [" " * label_width + "  " + header]
    for label, counts, remark in rows:
        numbers = " ".join(str(count).rjust(width) for count, width in zip(counts, widths))
        lines.append(f"{label.ljust(label_width)}  {numbers}  {remark}".rstrip())
    return "\n".join(lines)


def too_many_problems(reports: Mapping[str, ProblemReport], max_bad_fraction: float) -> str:
    """Returns a sentence on the first split that loses too much, or ''."""
    for name, report in reports.items():
        for subject, total in (("image", report.images_read), ("box", report.boxes_read)):
            dropped = report.dropped(subject)
            lost = sum(dropped.values())
            if total and lost / total > max_bad_fraction:
                return _sentence(name, report, subject, dropped, lost, total, max_bad_fraction)
        if not report.images_written:
            lost = report.images_read
            return f"Nothing is left of split '{name}': all of its {lost} images were unusable."
    return ""


def _sentence(name, report, subject, dropped, lost, total, max_bad_fraction) -> str:
    plural = "images" if subject == "image" else "boxes"
    reason = max(dropped, key=dropped.get)
    example = report.entries(reason)[0]
    details = ": ".join(text for text in (example["file_name"], example["detail"]) if text)
    counts = ", ".join(f"{other} {count}" for other, count in dropped.items())
    return (
        f"{lost} of {total} {plural} of split '{name}' cannot be used ({counts}), more than "
        f"--max_bad_fraction={max_bad_fraction:g} allows. First {reason} "
        f"({REASONS[reason].meaning}): {details}. Correct the data, or raise --max_bad_fraction "
        "to leave them out; no data set was written."
    )
