r"""Sets two or more scored runs side by side.

    python -m pipelines.compare_runs --model_dir=runs/a --model_dir=runs/b --output=compare.html

Prints the metrics with their differences from the first run, the AP of each class, and the settings
that differ; writes a page with these, the training curves over each other, and the images on which
the runs differ most. Score the runs first, with pipelines.evaluate.
"""

from absl import flags

from centernet_tf import cli
from centernet_tf.errors import UserError

flags.DEFINE_multi_string("model_dir", [], "Folder of a scored run; give it twice or more.")
flags.DEFINE_string(
    "data_dir", None, "Records to draw images from; by default those of the first run."
)
flags.DEFINE_string("split", "", "Whose scores; by default those of each run's data.eval_split.")
flags.DEFINE_string("output", "compare.html", "The page to write.")


def main(_):
    values = flags.FLAGS
    if len(values.model_dir) < 2:
        raise UserError("Give --model_dir for each of the runs, at least two.")
    from centernet_tf.evaluation.comparison_page import write_comparison_page
    from centernet_tf.evaluation.data_page import require_place
    from centernet_tf.evaluation.run_comparison import comparison_text
    from centernet_tf.evaluation.scored_run import read_runs

    require_place(values.output)
    runs = read_runs(values.model_dir, values.split)
    print(comparison_text(runs))
    write_comparison_page(values.output, runs, values.data_dir or "")
    print(f"\nThe page with curves and images: {values.output}")


if __name__ == "__main__":
    cli.run(main, required=["model_dir", "output"], existing=["model_dir", "data_dir"])
