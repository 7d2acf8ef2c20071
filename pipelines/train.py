"""Trains a detector, evaluates it, or both; the same command resumes a run.

    python -m pipelines.train --config_file=configs/bccd_resnet18.yaml \
        --params_override=data.path=/data/bccd --model_dir=runs/bccd
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_multi_string(
    "config_file", [], "YAML file of the experiment; repeatable, later ones win."
)
flags.DEFINE_multi_string("params_override", [], "Settings, such as train.epochs=10; repeatable.")
flags.DEFINE_string("model_dir", None, "Folder for checkpoints, settings, history and results.")
flags.DEFINE_enum(
    "mode",
    "train_and_eval",
    ["train", "eval", "train_and_eval"],
    "What to do; eval scores the newest checkpoint of model_dir.",
)


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.training.train import run_job

    config = load_config(flags.FLAGS.config_file, flags.FLAGS.params_override)
    run_job(config, flags.FLAGS.model_dir, flags.FLAGS.mode)


if __name__ == "__main__":
    cli.run(main, required=["config_file", "model_dir"])
