"""Checkpoints of both formats give back the arrays that were written."""

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.weights.pytorch_file import open_pytorch_file
from tests.weights.pth_writer import (
    ORDERED_DICT,
    Call,
    Named,
    Stored,
    legacy_bytes,
    ordered,
    tensor,
    write,
    zip_bytes,
)

formats = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])


def arrays(path):
    return {name: found.numpy() for name, found in open_pytorch_file(path).tensors.items()}


@formats
@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u1", "b1"])
def test_every_type(tmp_path, rng, kind, legacy):
    values = (rng.normal(size=[3, 4]) * 40).astype(kind)
    path = write(tmp_path / "a.pth", ordered({"w": tensor(values)}), legacy)
    found = arrays(path)["w"]
    assert found.dtype == values.dtype
    np.testing.assert_array_equal(found, values)


@formats
def test_bfloat16_is_the_upper_half_of_float32(tmp_path, rng, legacy):
    values = rng.normal(size=[5]).astype(np.float32)
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    path = write(tmp_path / "a.pth", ordered({"w": tensor(upper, kind="bf16")}), legacy)
    expected = (upper.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(arrays(path)["w"], expected)


@formats
def test_views_of_a_shared_storage(tmp_path, legacy):
    storage = Stored(np.arange(24, dtype=np.float32))
    content = {
        "transposed": tensor(storage, 0, (4, 6), (1, 4)),
        "window": tensor(storage, 7, (2, 2), (6, 1)),
        "scalar": tensor(storage, 23, (), ()),
        "repeated": tensor(storage, 5, (3,), (0,)),
        "none": tensor(storage, 0, (0, 3), (3, 1)),
    }
    found = arrays(write(tmp_path / "a.pth", ordered(content), legacy))
    grid = np.arange(24, dtype=np.float32)
    np.testing.assert_array_equal(found["transposed"], grid.reshape(6, 4).T)
    np.testing.assert_array_equal(found["window"], [[7, 8], [13, 14]])
    assert found["scalar"] == 23 and found["scalar"].shape == ()
    np.testing.assert_array_equal(found["repeated"], [5, 5, 5])
    assert found["none"].shape == (0, 3)


@formats
@pytest.mark.parametrize("place", ["state_dict", "model", "model_state_dict", None])
def test_weights_are_found_beside_other_things(tmp_path, legacy, place):
    weights = ordered({"module.a.weight": tensor(np.ones(2, np.float32))})
    content = {"epoch": 140, place: weights, "optimizer": {"lr": 0.1}} if place else weights
    assert list(arrays(write(tmp_path / "a.pth", content, legacy))) == ["a.weight"]


def test_prefixes_of_parallel_models_and_of_their_averages(tmp_path):
    one = tensor(np.ones(2, np.float32))
    weights = {"module.module.a.weight": one, "module.b.weight": one, "n_averaged": one}
    found = arrays(write(tmp_path / "a.pth", ordered(weights)))
    assert list(found) == ["a.weight", "b.weight", "n_averaged"]
    both = ordered({"module.a.weight": one, "a.weight": one})
    with pytest.raises(UserError, match="with and without 'module.' before the same name"):
        arrays(write(tmp_path / "b.pth", both))


@formats
def test_parameters_typed_bytes_and_metadata(tmp_path, legacy):
    values = np.array([1.5, -2.0], np.float32)
    untyped = Stored(values.view(np.uint8), "UntypedStorage")
    rebuild = Named("torch._utils", "_rebuild_tensor_v3")
    typed = Call(
        rebuild, untyped, 0, (2,), (1,), False, Call(ORDERED_DICT), Named("torch", "float32"), None
    )
    parameter = Call(Named("torch._utils", "_rebuild_parameter"), tensor(values), True, {})
    weights = Call(ORDERED_DICT, [["a", typed], ["b", parameter]], state={"_metadata": {"": 1}})
    found = arrays(write(tmp_path / "a.pth", weights, legacy))
    np.testing.assert_array_equal(found["a"], values)
    np.testing.assert_array_equal(found["b"], values)


@pytest.mark.parametrize("protocol", [1, 2, 3, 4, 5])
def test_every_protocol_of_pickle(tmp_path, protocol):
    path = tmp_path / "a.pth"
    content = {"state_dict": {"w": tensor(np.arange(3.0))}, "notes": [(1, "a", b"b"), None, {2.5}]}
    path.write_bytes(zip_bytes(content, protocol=protocol))
    np.testing.assert_array_equal(arrays(str(path))["w"], [0, 1, 2])


@formats
def test_notes_of_other_programs_are_left_aside(tmp_path, legacy):
    history = Call(Named("mmengine.logging.history_buffer", "HistoryBuffer"), 3, state={"a": 1})
    scalar = Call(Named("numpy.core.multiarray", "scalar"), Named("numpy", "dtype"), b"1234")
    meta = {"hook": history, "lr": scalar, "dataset_meta": {"classes": ("cat", "dog")}}
    content = {"meta": meta, "state_dict": ordered({"w": tensor(np.ones(1, np.float32))})}
    found = open_pytorch_file(write(tmp_path / "a.pth", content, legacy))
    assert found.class_names == ("cat", "dog")
    assert list(found.tensors) == ["w"]


def test_class_names_of_mmdet_2(tmp_path):
    content = {"meta": {"CLASSES": ["cat"]}, "state_dict": {"w": tensor(np.ones(1))}}
    assert open_pytorch_file(write(tmp_path / "a.pth", content)).class_names == ("cat",)


def test_big_endian(tmp_path):
    values = np.array([1.0, 2.0], np.float32)
    content = {"w": tensor(values.astype(">f4"), kind="f4")}
    path = tmp_path / "a.pth"
    path.write_bytes(zip_bytes(content, byte_order=b"big"))
    found = arrays(str(path))["w"]
    np.testing.assert_array_equal(found, values)
    assert found.dtype.isnative


def test_storages_that_are_part_of_others(tmp_path):
    storage = Stored(np.arange(6, dtype=np.float32))
    storage.view = ("7", 2, 3)
    content = {"w": tensor(storage, 1, (2,), (1,))}
    np.testing.assert_array_equal(arrays(write(tmp_path / "a", content, legacy=True))["w"], [3, 4])
    storage.view = ("7", 4, 3)
    with pytest.raises(UserError, match="a storage of 12 bytes has only 8"):
        open_pytorch_file(write(tmp_path / "a", content, legacy=True))


@pytest.mark.parametrize("name", ["xy_res_18", "xy_resdcn_18"])
def test_files_of_pytorch_itself(testdata, name):
    folder = testdata / "golden" / "tiny"
    twin = f"{name}.legacy.pth" if name == "xy_res_18" else f"{name}.module.pth"
    first, second = arrays(str(folder / f"{name}.pth")), arrays(str(folder / twin))
    assert list(first) == list(second)
    for key, values in first.items():
        np.testing.assert_array_equal(values, second[key])
    assert first["conv1.weight"].shape == (6, 3, 7, 7)
    assert 0.01 < first["conv1.weight"].std() < 1.0


def test_cut_at_every_length(tmp_path):
    content = ordered({"w": tensor(np.arange(6, dtype=np.float32))})
    for whole in (zip_bytes(content), legacy_bytes(content)):
        for length in range(0, len(whole), 7):
            path = tmp_path / "a.pth"
            path.write_bytes(whole[:length])
            with pytest.raises(UserError, match="Cannot read the checkpoint"):
                open_pytorch_file(str(path))


@pytest.mark.parametrize(
    "content, sentence",
    [
        ([1, 2], "it holds a list, not a mapping"),
        ({"epoch": 1}, "it holds no weights; its keys are epoch"),
        ({"state_dict": 3}, "its weights are a int, not a mapping"),
        ({"model": Call(Named("torch.nn", "Module"))}, "an object of torch.nn.Module; save the"),
        (Call(Named("torchvision.models", "ResNet")), "an object of torchvision.models.ResNet"),
    ],
)
def test_what_is_no_state_dict(tmp_path, content, sentence):
    with pytest.raises(UserError, match=sentence):
        open_pytorch_file(write(tmp_path / "a.pth", content))


def test_missing_file(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        open_pytorch_file(str(tmp_path / "none.pth"))
