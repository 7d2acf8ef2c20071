r"""Scores a trained detector with the COCO metrics.

    python -m pipelines.evaluate --model_dir=runs/bccd --split=test

Writes evaluation/metrics.json and evaluation/detections.json (COCO results) in the model's folder.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_string("model_dir", None, "Folder of a trained detector.")
flags.DEFINE_string("data_dir", None, "Folder of the data set; by default the one trained on.")
flags.DEFINE_string("split", None, "Split to score on; by default data.eval_split.")
flags.DEFINE_multi_string(
    "params_override", [], "Settings, such as evaluation.batch_size=1; repeatable."
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
    cli.run(main, required=["model_dir"])
