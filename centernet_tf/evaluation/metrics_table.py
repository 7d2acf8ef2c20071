"""The COCO metrics as text."""

from centernet_tf.evaluation.coco_metrics import METRIC_NAMES


def metrics_table(metrics: dict) -> str:
    """Returns the metrics and the classes as a table for the terminal; '-' where undefined."""
    lines = [
        "".join(f"{name:>7}" for name in METRIC_NAMES),
        "".join(f"{format_metric(metrics[name]):>7}" for name in METRIC_NAMES),
        "",
    ]
    width = max([len("class"), *map(len, metrics["per_class"])])
    columns = ("AP", "AP50", "AP75", "AR100")
    lines.append(f"{'class':<{width}}" + "".join(f"{c:>7}" for c in columns) + f"{'objects':>9}")
    for name, row in metrics["per_class"].items():
        values = "".join(f"{format_metric(row[column]):>7}" for column in columns)
        lines.append(f"{name:<{width}}{values}{row['num_objects']:>9}")
    return "\n".join(lines)


def format_metric(value: float) -> str:
    """Returns a metric with three decimals, or '-' for pycocotools' -1 (nothing to find)."""
    return "-" if value < 0 else f"{value:.3f}"
