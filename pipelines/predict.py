r"""Detects objects in images with a model directory, a SavedModel or a TFLite file.

    python -m pipelines.predict --model=runs/bccd --images=photos --output_dir=found

Writes into --output_dir: predictions.json, a COCO data set whose annotations have scores, and under
drawn/ the images with their detections. Of a folder of SavedModel versions the highest is taken.
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.evaluation.shown_score import SHOWN_SCORE

flags.DEFINE_string("model", None, "Model directory, SavedModel or .tflite file.")
flags.DEFINE_enum(
    "checkpoint",
    "newest",
    ["newest", "best"],
    "Of a model directory: newest, or of the highest AP.",
)
flags.DEFINE_multi_string(
    "images", [], "Image file, folder without its sub-folders, or glob such as 'a/**/*.png'"
)
flags.DEFINE_string("output_dir", None, "Folder for the results.")
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


def main(_):
    from centernet_tf.export.image_files import find_images
    from centernet_tf.export.prediction_run import predict_images, summary
    from centernet_tf.export.predictor import is_model_dir, load_predictor
    from centernet_tf.export.result_folder import refuse_existing

    values = flags.FLAGS
    if not is_model_dir(values.model):
        no_run = f"with --model={values.model}, which is no model directory"
        cli.refuse_flags(("checkpoint",), no_run)
    refuse_existing(values.output_dir, values.overwrite)
    paths = find_images(values.images)
    document = predict_images(
        load_predictor(values.model, values.checkpoint),
        paths,
        values.output_dir,
        values.score_threshold,
        values.draw,
        values.skip_unreadable,
        values.overwrite,
    )
    print(summary(document, values.output_dir))


if __name__ == "__main__":
    cli.run(main, required=["model", "images", "output_dir"], existing=["model"])
