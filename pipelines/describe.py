r"""Shows what the network of an experiment costs, before it is trained.

    python -m pipelines.describe --config_file=configs/coco_resnet18.yaml --num_classes=80

Prints layers, parameters, multiply-adds, output shape and memory of each stage for one image, and
the memory of a training step. No data set is needed.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_multi_string("config_file", [], "YAML file of the experiment; later files win")
flags.DEFINE_multi_string(
    "params_override", [], "Settings that win over the files, such as data.input_size=[256,256]"
)
flags.DEFINE_integer(
    "num_classes",
    0,
    "Classes; 0 takes model.num_classes, or those of the data set in data.path.",
    lower_bound=0,
)
flags.DEFINE_string("json", None, "Also write the figures to this file.")


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.training.describe import classes_of, describe, table, write_json

    config = load_config(flags.FLAGS.config_file, flags.FLAGS.params_override)
    description = describe(config, classes_of(config, flags.FLAGS.num_classes))
    print(table(description))
    if flags.FLAGS.json:
        write_json(description, flags.FLAGS.json)
        print(f"The figures are in {flags.FLAGS.json}")


if __name__ == "__main__":
    cli.run(main, required=["config_file"], existing=["config_file"])
