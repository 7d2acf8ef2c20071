r"""Reports what the grid of a detector leaves of a data set before any training.

    python -m pipelines.inspect_data --config_file=configs/bccd_resnet18.yaml --data_dir=/data/bccd

Prints the COCO AP of decode(encode(ground truth)) by object size, which no training can pass, and
the number of objects that share a cell or are thinner than one.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_multi_string("config_file", [], "YAML file of the experiment; repeatable.")
flags.DEFINE_multi_string(
    "params_override", [], "Settings, such as data.input_size=[384,384]; repeatable."
)
flags.DEFINE_string("data_dir", None, "Folder of the data set; by default data.path.")
flags.DEFINE_string("split", None, "Split to look at; by default data.train_split.")


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.evaluation.ceiling import ap_ceiling, ceiling_table
    from centernet_tf.training.train import open_data_set

    values = flags.FLAGS
    config = load_config(values.config_file, values.params_override)
    if values.data_dir:
        config = config.replace(data={"path": values.data_dir})
    manifest = open_data_set(config)
    result = ap_ceiling(config, manifest, values.split or config.data.train_split)
    print(ceiling_table(result))


if __name__ == "__main__":
    cli.run(main, required=["config_file"])
