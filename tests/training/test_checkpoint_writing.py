"""A checkpoint that cannot be written leaves the one before, and one sentence."""

import contextlib
import resource

import pytest
import tensorflow as tf

from centernet_tf.errors import UserError
from centernet_tf.training.checkpoint_writing import remove_unfinished, writing_told


@contextlib.contextmanager
def room_for(size):
    """Files cannot grow beyond this, which TensorFlow meets as it does a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(name="manager")
def make_manager(tmp_path):
    checkpoint = tf.train.Checkpoint(value=tf.Variable(tf.zeros([100_000])))
    return tf.train.CheckpointManager(checkpoint, str(tmp_path), 3, checkpoint_name="ckpt")


def save(manager):
    with writing_told(manager):
        manager.save()


def test_the_last_good_one_stays(manager, tmp_path):
    save(manager)
    before = sorted(path.name for path in tmp_path.iterdir())
    with room_for(50_000), pytest.raises(UserError) as fault:
        save(manager)
    assert str(fault.value) == (
        f"Cannot write a checkpoint to {tmp_path}: File too large. {tmp_path}/ckpt-1 is whole; "
        "make room, and the same command goes on."
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    save(manager)
    assert manager.latest_checkpoint == f"{tmp_path}/ckpt-2"


def test_there_may_be_none_before(manager, tmp_path):
    with room_for(50_000), pytest.raises(UserError, match="There is none before it; make room"):
        save(manager)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed(manager, tmp_path):
    save(manager)
    (tmp_path / "ckpt-2_temp").mkdir()
    (tmp_path / "ckpt-2_temp/part-00000").write_text("")
    (tmp_path / "ckpt-2.data-00000-of-00001").write_text("")
    (tmp_path / "notes.txt").write_text("mine")
    remove_unfinished(manager)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["checkpoint", "ckpt-1.data-00000-of-00001", "ckpt-1.index", "notes.txt"]
    manager.checkpoint.restore(manager.latest_checkpoint).assert_consumed()


def test_other_errors_pass(manager):
    with pytest.raises(ValueError, match="mine"), writing_told(manager):
        raise ValueError("mine")
