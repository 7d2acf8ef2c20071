"""The problems of a data set as a person reads them at the terminal."""

from typing import List, Mapping, Sequence

from centernet_tf.count_of import count_of
from centernet_tf.data.annotations import Category
from centernet_tf.data.problems import REASONS, ProblemReport

_MOST_FILES = 10
_LONGEST = 300


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
            found = where_found(report, list(report.dropped("image")))
            sentence = f"Nothing is left of split '{name}': all of its {lost} images were unusable."
            return f"{sentence} {found}"
    return ""


def where_found(report: ProblemReport, reasons: Sequence[str]) -> str:
    """Returns a sentence on each of `reasons`: its meaning, what was found first, and other files.

    Ten files in all are named, of each reason at least one.
    """
    most = max(1, _MOST_FILES // max(1, len(reasons)))
    return " ".join(
        f"{reason} ({REASONS[reason].meaning}): {_files(report.entries(reason), most)}."
        for reason in reasons
    )


def _files(entries: List[dict], most: int) -> str:
    names = list(dict.fromkeys(entry["file_name"] or entry["detail"] for entry in entries))
    first = (entries[0]["file_name"], entries[0]["detail"])
    text = ": ".join(_in_one_line(part) for part in first if part)
    more = [count_of(len(names) - most, "other")] if len(names) > most else []
    others = ", ".join([*map(_in_one_line, names[1:most]), *more])
    return f"{text}; also {others}" if others else text


def _in_one_line(text: str) -> str:
    shown = text if text.isprintable() else repr(text)[1:-1]
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "..."


def _sentence(name, report, subject, dropped, lost, total, max_bad_fraction) -> str:
    plural = "images" if subject == "image" else "boxes"
    reasons = sorted(dropped, key=dropped.get, reverse=True)
    # Where nothing is left, no fraction helps.
    whole = " (with 1, report.json names them all)" if report.images_written else ""
    counts = ", ".join(f"{other} {count}" for other, count in dropped.items())
    return (
        f"{lost} of {total} {plural} of split '{name}' cannot be used ({counts}), more than "
        f"--max_bad_fraction={max_bad_fraction:g} allows. {where_found(report, reasons)} Correct "
        f"the data, or raise --max_bad_fraction to leave them out{whole}; no data set was written."
    )
