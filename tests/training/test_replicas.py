"""Several replicas, with and without XLA, compute what one replica computes."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).with_name("replica_run.py")


def run(folder, replicas, xla, norm, *overrides):
    output = folder / f"{replicas}_{xla}_{norm}.npz"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(replicas), xla, norm, str(output), *overrides],
        capture_output=True,
        text=True,
        cwd=SCRIPT.parents[2],
        env={**__import__("os").environ, "PYTHONPATH": str(SCRIPT.parents[2])},
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return np.load(output)


@pytest.fixture(scope="module", name="alone")
def run_alone(tmp_path_factory):
    return run(tmp_path_factory.mktemp("alone"), 1, "off", "frozen")


@pytest.mark.slow
@pytest.mark.parametrize("xla, micro_batches", [("off", 1), ("on", 2), ("on", 1), ("off", 2)])
def test_two_replicas_equal_one_on_the_same_batch(tmp_path, alone, xla, micro_batches):
    pair = run(tmp_path, 2, xla, "frozen", f"train.accumulation_steps={micro_batches}")
    assert pair["replicas"] == 2
    assert pair["spread"] == 0.0
    np.testing.assert_allclose(pair["loss"], alone["loss"], rtol=1e-5)
    for name in alone.files:
        if name.startswith("w"):
            np.testing.assert_allclose(pair[name], alone[name], atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_replicas_stay_equal_with_batch_statistics_of_their_own(tmp_path):
    pair = run(tmp_path, 2, "on", "trained")
    assert pair["spread"] == 0.0
    assert np.isfinite(pair["loss"]).all()


@pytest.mark.slow
def test_synchronised_statistics_are_those_of_the_whole_batch(tmp_path):
    alone = run(tmp_path, 1, "off", "trained")
    pair = run(tmp_path, 2, "off", "trained", "model.sync_batch_norm=true")
    assert pair["spread"] == 0.0
    np.testing.assert_allclose(pair["loss"], alone["loss"], rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("xla", ["on", "off"])
def test_averages_and_a_scaled_loss_on_two_replicas(tmp_path, alone, xla):
    settings = "train: {ema_decay: 0.9}", "runtime: {precision: float16}"
    pair = run(tmp_path, 2, xla, "frozen", *settings)
    assert pair["spread"] == 0.0
    np.testing.assert_allclose(pair["loss"], alone["loss"], rtol=0.02)
