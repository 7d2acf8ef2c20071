r"""Trains a detector and scores it; the same command goes on after an interruption.

    python -m pipelines.train --config_file=configs/bccd_resnet18.yaml \
        --params_override=data.path=records --model_dir=runs/bccd

--model_dir then holds the settings (params.yaml), the checkpoints, the weights that scored highest
(best/), a line for each epoch (history.csv, and tensorboard/ for TensorBoard) and the scores
(evaluation/). A run that has finished its epochs is only scored again; to train it longer, raise
train.epochs.

On several machines, runtime.strategy=multi_worker_mirrored and the same command on each, with
TF_CONFIG in the environment; all of them must see --model_dir and the data set.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_multi_string("config_file", [], "YAML file of the experiment; later files win")
flags.DEFINE_multi_string(
    "params_override",
    [],
    "Settings that win over the files, such as train.epochs=10,runtime.seed=3",
)
flags.DEFINE_string("model_dir", None, "Folder for everything that the run leaves.")
flags.DEFINE_enum(
    "mode",
    "train_and_eval",
    ["train", "eval", "train_and_eval"],
    "What to do; eval only scores the newest checkpoint in --model_dir.",
)
flags.DEFINE_string(
    "tf_data_service",
    "",
    "A tf.data service that prepares the batches, grpc://HOST:PORT (pipelines.data_service).",
)


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.data.service import check_address
    from centernet_tf.training.train import run_job

    config = load_config(flags.FLAGS.config_file, flags.FLAGS.params_override)
    if flags.FLAGS.tf_data_service:
        check_address(flags.FLAGS.tf_data_service)
        config = config.replace(data={"service": flags.FLAGS.tf_data_service})
    run_job(config, flags.FLAGS.model_dir, flags.FLAGS.mode)


if __name__ == "__main__":
    cli.run(main, required=["config_file", "model_dir"], existing=["config_file"])
