r"""The whole job on a data set that it draws itself, ending with one HTML page.

    python -m pipelines.demo

Draws images, makes records, trains, evaluates, exports and predicts. Everything is left in
--output_dir, with index.html to look at and summary.json for programs to read. A second run deletes
what the first one left and starts over; with --reuse it keeps the records and goes on with the
training.
"""

import os

from absl import flags

from centernet_tf import cli
from centernet_tf.data.shapes import NUM_TRAIN, NUM_VAL

_CONFIG = os.path.normpath(os.path.join(os.path.dirname(__file__), "../configs/demo_shapes.yaml"))

flags.DEFINE_string("output_dir", "runs/demo", "Folder for everything that the run leaves.")
flags.DEFINE_multi_string("config_file", [_CONFIG], "YAML file of the experiment; later files win")
flags.DEFINE_multi_string(
    "params_override", [], "Settings that win over the files, such as runtime.seed=3"
)
flags.DEFINE_integer("num_train", NUM_TRAIN, "Training images to draw.", lower_bound=1)
flags.DEFINE_integer("num_val", NUM_VAL, "Held-out images to draw.", lower_bound=1)
flags.DEFINE_integer("epochs", 0, "Epochs to train; 0 takes train.epochs.", lower_bound=0)
flags.DEFINE_bool("reuse", False, "Keep the records, and go on with the training, in --output_dir.")


def main(_):
    from centernet_tf.config import load_config
    from centernet_tf.demo import run_demo

    values = flags.FLAGS
    epochs = [f"train.epochs={values.epochs}"] if values.epochs else []
    config = load_config(values.config_file, [*values.params_override, *epochs])
    run_demo(config, values.output_dir, values.num_train, values.num_val, values.reuse)


if __name__ == "__main__":
    cli.run(main, required=["output_dir"], existing=["config_file"])
