r"""Scores a trained detector with the COCO metrics.

    python -m pipelines.evaluate --model_dir=runs/bccd --split=test

Prints the twelve COCO metrics and the AP of each class; writes evaluation/metrics.json and
evaluation/detections.json (in the form of COCO results) into --model_dir.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
flags.DEFINE_string("data_dir", None, "Folder of the data set; by default the one trained on.")
flags.DEFINE_string("split", None, "Split to score on; by default the model's data.eval_split.")
flags.DEFINE_multi_string(
    "params_override", [], "Settings to score under, such as evaluation.batch_size=1"
)


def main(_):
    from centernet_tf.data.manifest import load_manifest
    from centernet_tf.evaluation.evaluate import evaluate
    from centernet_tf.evaluation.override import override_settings
    from centernet_tf.training.model_dir import load_trained

    values = flags.FLAGS
    trained = override_settings(load_trained(values.model_dir), values.params_override)
    manifest = load_manifest(values.data_dir or trained.config.data.path)
    evaluate(trained, manifest, values.split, progress=True)


if __name__ == "__main__":
    cli.run(main, required=["model_dir"], existing=["model_dir", "data_dir"])
