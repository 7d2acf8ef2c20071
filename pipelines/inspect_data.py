r"""Shows what a data set holds, what training makes of it, and what the grid leaves of it.

    python -m pipelines.inspect_data --config_file=configs/bccd_resnet18.yaml --data_dir=/data/bccd
    python -m pipelines.inspect_data --data_dir=/data/bccd --split=test

Reads the records and writes one HTML page, --output, with pictures, histograms and the AP ceiling:
the COCO AP of decode(encode(ground truth)), which no training can pass. Where it is low, says which
setting limits it. Nothing else is written.
"""

from absl import flags

from centernet_tf import cli

flags.DEFINE_multi_string(
    "config_file", [], "YAML file of the experiment; later files win; without any, the defaults"
)
flags.DEFINE_multi_string(
    "params_override", [], "Settings that win over the files, such as data.input_size=[384,384]"
)
flags.DEFINE_string("data_dir", None, "Folder of the data set; by default data.path.")
flags.DEFINE_string(
    "split", None, "Split to look at; by default data.train_split, or the only one."
)
flags.DEFINE_string("output", "inspect.html", "The page to write.")


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.evaluation.data_page import require_place, write_data_page
    from centernet_tf.evaluation.inspection import inspect_split, inspection_text
    from centernet_tf.training.train import open_data_set

    values = flags.FLAGS
    config = load_config(values.config_file, values.params_override)
    if values.data_dir:
        config = config.replace(data={"path": values.data_dir})
    manifest = open_data_set(config)
    require_place(values.output)
    inspection = inspect_split(config, manifest, values.split)
    print(inspection_text(inspection))
    write_data_page(values.output, inspection)
    print(f"\nThe page with pictures and histograms: {values.output}")


if __name__ == "__main__":
    cli.run(main, required=["output"], existing=["config_file"])
