"""The demonstration in small: every step, twice, with what it promises to leave."""

import json

import pytest

from centernet_tf.config import load_config
from centernet_tf.errors import UserError
from tests.evaluation.test_html_page import check_page

SMALL = [
    "data.input_size=[64,64],data.max_boxes=16,data.shuffle_buffer=16",
    "model.backbone.width_multiplier=0.125,model.options.head_channels=8",
    "train.global_batch_size=4,train.epochs=2,train.evaluate_every=1,evaluation.batch_size=4",
]


@pytest.mark.slow
def test_demo_leaves_what_it_promises(tmp_path, capsys):
    from centernet_tf.demo import run_demo

    output_dir = tmp_path / "demo"
    output_dir.mkdir()
    (output_dir / "mine.txt").write_text("not the demonstration's")
    summary = run_demo(load_config([], SMALL), str(output_dir), num_train=8, num_val=8)
    check(output_dir, summary)
    assert capsys.readouterr().out.splitlines()[-1].endswith(f"the page is {output_dir}/index.html")

    again = run_demo(load_config([], SMALL), str(output_dir), num_train=8, num_val=8, reuse=True)
    check(output_dir, again)
    printed = capsys.readouterr().out
    assert "[1/5]" not in printed and "nothing to train" in printed
    assert again["AP"] == summary["AP"]
    assert (output_dir / "mine.txt").exists()


def test_an_output_folder_that_is_a_file_is_one_sentence(tmp_path):
    from centernet_tf.demo import run_demo

    (tmp_path / "demo").write_text("")
    with pytest.raises(UserError) as caught:
        run_demo(load_config([], SMALL), str(tmp_path / "demo"), num_train=8, num_val=8)
    assert str(caught.value) == f"Cannot start over in {tmp_path / 'demo'}: File exists."


def check(output_dir, summary):
    assert json.loads((output_dir / "summary.json").read_text()) == summary
    assert {"AP", "AP50", "train_seconds", "total_seconds", "artefacts"} <= set(summary)
    for path in summary["artefacts"].values():
        assert (output_dir / path).exists(), path
    check_page((output_dir / "index.html").read_text())
