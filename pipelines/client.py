r"""Sends images to TensorFlow Serving, or to pipelines.serve, and writes what was found.

    python -m pipelines.client --server=localhost:8501 --model=bccd --images=photos \
        --output_dir=found
    python -m pipelines.client --server=localhost:8500 --model=bccd --images=photos \
        --output_dir=found --protocol=grpc --concurrency=8

Writes into --output_dir what pipelines.predict writes: predictions.json and, under drawn/, the
images with their detections. Requests that fail for now are sent again. The last line says how long
requests took.
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.evaluation.shown_score import SHOWN_SCORE

flags.DEFINE_string("server", None, "Server as host:port; 8501 is REST's port, 8500 gRPC's.")
flags.DEFINE_string("model", None, "Name of the model on the server.")
flags.DEFINE_multi_string(
    "images", [], "Image file, folder without its sub-folders, or glob such as 'a/**/*.png'"
)
flags.DEFINE_string("output_dir", None, "Folder for the results.")
flags.DEFINE_enum("protocol", "rest", ["rest", "grpc"], "How to ask.")
flags.DEFINE_integer("concurrency", 4, "Requests under way at once.", lower_bound=1)
flags.DEFINE_integer("batch_size", 1, "Images in a request.", lower_bound=1)
flags.DEFINE_integer("attempts", 5, "How often a request is sent at most.", lower_bound=1)
flags.DEFINE_float("timeout", 60.0, "Seconds that an answer may take.", lower_bound=0.001)
flags.DEFINE_float(
    "score_threshold",
    SHOWN_SCORE,
    "Leave out detections that score less.",
    lower_bound=0,
    upper_bound=1,
)
flags.DEFINE_bool("draw", True, "Write the images with their detections under drawn/.")
flags.DEFINE_bool("skip_unreadable", False, "Leave unreadable images out instead of stopping.")
flags.DEFINE_bool("overwrite", False, "Replace the predictions in --output_dir.")
flags.DEFINE_string(
    "labels",
    None,
    "assets/labels.json of the export: lists all classes, not only those that were found.",
)


def main(_):
    from centernet_tf.export.image_files import find_images
    from centernet_tf.export.prediction_run import summary, write_predictions
    from centernet_tf.export.result_folder import refuse_existing
    from centernet_tf.serving.client_run import ClientRun, make_client, read_labels

    values = flags.FLAGS
    refuse_existing(values.output_dir, values.overwrite)
    paths = find_images(values.images)
    client = make_client(values.protocol, values.server, values.model, values.timeout)
    labels = read_labels(values.labels) if values.labels else ()
    run = ClientRun(client, values.concurrency, values.batch_size, values.attempts, labels)
    document = write_predictions(
        run.results(paths),
        paths,
        run.categories,
        values.output_dir,
        values.score_threshold,
        values.draw,
        values.skip_unreadable,
        values.overwrite,
    )
    print(summary(document, values.output_dir))
    print(run.timings.line())


if __name__ == "__main__":
    cli.run(main, required=["server", "model", "images", "output_dir"], existing=["labels"])
