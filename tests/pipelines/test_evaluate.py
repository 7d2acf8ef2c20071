"""The evaluation programs end wrong input in one sentence."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["pipelines.evaluate"], "--model_dir"),
        (["pipelines.evaluate", "--detections=setup.cfg"], "--annotations"),
        (
            ["pipelines.evaluate", "--detections=setup.cfg", "--data_dir=tests"],
            "both --data_dir and --split",
        ),
        (
            [
                "pipelines.evaluate",
                "--detections=setup.cfg",
                "--annotations=setup.cfg",
                "--split=val",
            ],
            "both --data_dir and --split",
        ),
        (["pipelines.evaluate", "--model_dir=no/such/model"], "no/such/model"),
        (
            ["pipelines.evaluate", "--model=setup.cfg", "--annotations=setup.cfg"],
            "--annotations has no effect with --model",
        ),
        (
            ["pipelines.evaluate", "--model=setup.cfg", "--checkpoint=best"],
            "--checkpoint has no effect with --model",
        ),
        (
            [
                "pipelines.evaluate",
                "--detections=setup.cfg",
                "--annotations=setup.cfg",
                "--params_override=evaluation.flip=true",
            ],
            "--params_override=evaluation.flip=... has no effect with --detections",
        ),
        (["pipelines.compare_runs", "--model_dir=tests"], "at least two"),
        (["pipelines.inspect_data", "--config_file=no_such.yaml"], "no_such.yaml"),
    ],
)
def test_one_sentence_and_no_traceback(arguments, words):
    run = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stdout == ""
    assert words in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
