"""Files from a stranger: nothing runs, nothing is unpacked, nothing fills the memory."""

import io
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from centernet_tf.errors import UserError
from centernet_tf.weights import pickle_machine
from centernet_tf.weights.pickle_machine import Inert, read_pickle
from centernet_tf.weights.pytorch_file import open_pytorch_file
from centernet_tf.weights.torch_globals import look_up
from tests.weights.pth_writer import (
    ORDERED_DICT,
    Call,
    Named,
    Stored,
    legacy_bytes,
    tensor,
    write,
    zip_bytes,
)

WEIGHT = {"w": tensor(np.ones(2, np.float32))}
formats = pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])


def refusal(path, content):
    path.write_bytes(content)
    with pytest.raises(UserError, match="Cannot read the checkpoint") as fault:
        open_pytorch_file(str(path))
    return str(fault.value)


@formats
@pytest.mark.parametrize(
    "module, name",
    [
        ("os", "system"),
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("builtins", "getattr"),
        ("builtins", "__import__"),
        ("__builtin__", "apply"),
        ("importlib", "import_module"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("runpy", "run_path"),
        ("webbrowser", "open"),
        ("centernet_tf.weights.pytorch_file", "open_pytorch_file"),
        ("torchx", "load"),
    ],
)
def test_names_outside_the_table_are_refused(tmp_path, legacy, module, name):
    trap = tmp_path / "ran"
    content = {**WEIGHT, "meta": Call(Named(module, name), f"touch {trap}")}
    whole = legacy_bytes(content) if legacy else zip_bytes(content)
    assert f"it asks for '{module}.{name}'" in refusal(tmp_path / "a.pth", whole)
    assert not trap.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_by_python_itself_run_nothing(tmp_path, protocol):
    trap = tmp_path / "ran"

    class Trap:
        def __reduce__(self):
            return os.system, (f"touch {trap}",)

    for content in (Trap(), {"state_dict": Trap()}, [Trap()], {"state_dict": {"w": Trap()}}):
        sentence = refusal(tmp_path / "a.pth", pickle.dumps(content, protocol))
        assert "system'" in sentence
    assert not trap.exists()


def test_names_of_tolerated_packages_are_never_imported_or_called(tmp_path):
    # Both exist in NumPy; called by Python's unpickler the second would run the code.
    runner = Named("numpy.testing._private.utils", "runstring")
    content = {"meta": Call(runner, "raise SystemExit", {}), "state_dict": WEIGHT}
    assert list(open_pytorch_file(write(tmp_path / "a.pth", content)).tensors) == ["w"]
    nested = Call(Call(Named("numpy", "load"), "x"), "y", state={"__class__": 1})
    assert isinstance(read_program(nested)["a"], Inert)


def read_program(value):
    from tests.weights.pth_writer import pickled

    return read_pickle(io.BytesIO(pickled({"a": value})[0]), look_up)


def test_an_unknown_maker_of_a_weight_is_refused_by_name(tmp_path):
    sparse = Call(Named("torch._utils", "_rebuild_sparse_tensor"), 1)
    whole = zip_bytes({"state_dict": {**WEIGHT, "s": sparse}})
    assert "'s' is made by torch._utils._rebuild_sparse_tensor" in refusal(tmp_path / "a", whole)


def test_builders_check_what_they_are_given(tmp_path):
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    for arguments in ((), (1, 2, 3), ("s", 0, (2,), (1,)), (Stored(np.ones(2)), 0, 5, 6)):
        assert "damaged" in refusal(tmp_path / "a", zip_bytes({"w": Call(rebuild, *arguments)}))


def test_state_cannot_change_what_reads_it(tmp_path):
    function = Call(Named("torch._utils", "_rebuild_tensor_v2"), Stored(np.ones(1)), 0, (1,), (1,))
    function.state = (None, {"__defaults__": (1,), "numpy": "x"})
    changed = Call(ORDERED_DICT, state={"__class__": "x", "items": "x"})
    content = {"state_dict": {"w": function}, "meta": changed}
    found = open_pytorch_file(write(tmp_path / "a.pth", content)).tensors
    np.testing.assert_array_equal(found["w"].numpy(), [1.0])


@formats
@pytest.mark.parametrize(
    "first, shape, strides, sentence",
    [
        (0, (3,), (1,), "ends 12 bytes into a storage of 8"),
        (1, (2,), (1,), "ends 12 bytes"),
        (0, (2, 2), (10**9, 1), "ends 4000000008 bytes"),
        (0, (10**12,), (1,), "ends"),
        (-1, (1,), (1,), "is described by"),
        (0, (1,), (-1,), "is described by"),
        (0, (2.0,), (1,), "is described by"),
        (0, (1, 1), (1,), "2 sides and 1 strides"),
        (0, (1,) * 40, (1,) * 40, "40 sides"),
    ],
)
def test_tensors_beyond_their_storage(tmp_path, legacy, first, shape, strides, sentence):
    content = {"w": tensor(Stored(np.ones(2, np.float32)), first, shape, strides)}
    whole = legacy_bytes(content) if legacy else zip_bytes(content)
    assert sentence in refusal(tmp_path / "a.pth", whole)


@formats
@pytest.mark.parametrize("claimed", [3, 10**15, -1, True, 2.0, 2**80])
def test_storages_shorter_than_they_say(tmp_path, legacy, claimed):
    content = {"w": tensor(Stored(np.ones(2, np.float32), claimed=claimed), 0, (2,), (1,))}
    whole = legacy_bytes(content) if legacy else zip_bytes(content)
    assert "storage" in refusal(tmp_path / "a.pth", whole)


def test_a_repeated_element_costs_nothing_until_it_is_read(tmp_path):
    content = {"w": tensor(Stored(np.ones(1, np.float32)), 0, (10**6, 10**6), (0, 0))}
    found = open_pytorch_file(write(tmp_path / "a.pth", content)).tensors["w"]
    assert found.shape == (10**6, 10**6)


def test_laughs_by_the_memo_stay_small():
    # Each tuple holds the one before ten times: 10 ** 200 leaves, and 200 objects.
    program = b"\x80\x02]q\x00" + b"".join(
        b"(" + b"h" + bytes([i]) + (b"h" + bytes([i])) * 9 + b"tq" + bytes([i + 1])
        for i in range(200)
    )
    assert len(read_pickle(io.BytesIO(program + b"."), look_up)) == 10


def test_deep_nesting_is_no_recursion():
    depth = 100_000
    program = b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."
    assert isinstance(read_pickle(io.BytesIO(program), look_up), list)
    # As a key it would have to be hashed, level by level.
    key = b"\x80\x02})" + b"\x85" * depth + b"Ns."
    with pytest.raises(UserError, match="a key of a mapping is a tuple"):
        read_pickle(io.BytesIO(key), look_up)


def test_too_many_instructions(monkeypatch):
    monkeypatch.setattr(pickle_machine, "MOST_INSTRUCTIONS", 1000)
    with pytest.raises(UserError, match="more than 1,000 instructions"):
        read_pickle(io.BytesIO(b"]" * 2000 + b"."), look_up)


def test_calls_that_copy_a_long_list_again_and_again(monkeypatch):
    monkeypatch.setattr(pickle_machine, "MOST_INSTRUCTIONS", 10_000)
    program = b"\x80\x02((" + b"N" * 1000 + b"lq\x00ctorch\nSize\nq\x01"
    program += b"h\x01h\x00\x85R" * 20 + b"t."
    with pytest.raises(UserError, match="more than 10,000 instructions"):
        read_pickle(io.BytesIO(program), look_up)


_DEEP = b")" + b"\x85" * 100_000
_DOUBLED = b")" + b"2\x86" * 60


@pytest.mark.parametrize("nested", [_DEEP, _DOUBLED], ids=["deep", "doubled"])
@pytest.mark.parametrize("place", ["name", "length"])
def test_storages_named_or_measured_by_what_is_nested(tmp_path, nested, place):
    name, length = (nested, b"K\x04") if place == "name" else (b"X\x01\x00\x00\x000", nested)
    program = b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    program += name + b"X\x03\x00\x00\x00cpu" + length + b"tQ."
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a/data.pkl", program)
        archive.writestr("a/data/0", bytes(16))
    assert "a storage " in refusal(tmp_path / "a.pth", stream.getvalue())


@pytest.mark.parametrize(
    "program, sentence",
    [
        (b"", "damaged or none"),
        (b".", "damaged or none"),
        (b"garbage", "damaged or none"),
        (b"\x80\x02t.", "damaged or none"),
        (b"\x80\x02h\x05.", "damaged or none"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged or none"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "damaged or none"),
        (b"I" + b"9" * 5000 + b"\n.", "damaged or none"),
        (b"cos\nsystem\n(S'ls'\ntR.", "asks for 'os.system'"),
        (b"(S'ls'\nios\nsystem\n.", "asks for 'os.system'"),
        (b"(cos\nsystem\nS'ls'\no.", "asks for 'os.system'"),
        (b"\x8c\x02os\x8c\x06system\x93.", "asks for 'os.system'"),
        (b"\x80\x02K\x01K\x02R.", "damaged or none"),
        (b"\x80\x02X\x02\x00\x00\x00idQ.", "storage where none can be"),
        (b"\x82\x01.", "instruction EXT1"),
        (b"\x97.", "instruction NEXT_BUFFER"),
        (b"\x80\x02}K\x01a.", "damaged or none"),
        (b"\x80\x02](K\x01u.", "damaged or none"),
    ],
)
def test_programs_that_are_wrong(program, sentence):
    with pytest.raises(UserError, match=sentence):
        read_pickle(io.BytesIO(program), look_up)


def test_random_changes_of_a_byte_never_escape(tmp_path, rng):
    content = {"state_dict": {**WEIGHT, "v": tensor(np.arange(5.0))}, "meta": {"a": [1, (2, "b")]}}
    for whole in (zip_bytes(content), legacy_bytes(content)):
        for place in rng.integers(0, len(whole), 300):
            changed = bytearray(whole)
            changed[place] ^= int(rng.integers(1, 256))
            path = tmp_path / "a.pth"
            path.write_bytes(changed)
            try:
                for found in open_pytorch_file(str(path)).tensors.values():
                    found.numpy()
            except UserError:
                pass


@pytest.mark.parametrize("first", [b"PK\x03\x04", b"", b"\x89PNG\r\n", b"<html>404</html>", b"\0"])
def test_other_files(tmp_path, first):
    refusal(tmp_path / "a.pth", first + bytes(200) if first else b"")


def test_zip_of_something_else(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "x")
    assert "not one of torch.save" in refusal(tmp_path / "a.docx", stream.getvalue())


def test_torchscript_is_told_apart(tmp_path):
    whole = zip_bytes(WEIGHT, extra=[("archive/constants.pkl", b"x")])
    assert "TorchScript" in refusal(tmp_path / "a.pt", whole)


def test_compressed_members_are_refused_before_they_grow(tmp_path):
    content = {"w": tensor(np.zeros(10**6, np.float32))}
    whole = zip_bytes(content, compression=zipfile.ZIP_DEFLATED)
    assert len(whole) < 20_000
    assert "more bytes than the file has" in refusal(tmp_path / "a.pth", whole)
    small = zip_bytes({"w": tensor(np.arange(9.0))}, compression=zipfile.ZIP_DEFLATED)
    assert "Cannot read" in refusal(tmp_path / "a.pth", small)


def test_names_that_lead_out_of_the_archive(tmp_path):
    outside = tmp_path / "outside"
    whole = zip_bytes(WEIGHT, extra=[("../outside", b"x"), ("/etc/outside", b"x")])
    path = tmp_path / "in" / "a.pth"
    path.parent.mkdir()
    path.write_bytes(whole)
    assert list(open_pytorch_file(str(path)).tensors) == ["w"]
    assert not outside.exists() and list(path.parent.iterdir()) == [path]


def test_two_members_of_one_name(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        whole = zip_bytes(WEIGHT, extra=[("archive/data/0", b"x")])
    assert "two members of one name" in refusal(tmp_path / "a.pth", whole)


def test_overlapping_members(tmp_path):
    whole = bytearray(zip_bytes({"v": tensor(np.zeros(50)), "w": tensor(np.zeros(60))}))
    # The second storage's entry in the directory is pointed at the first and made long.
    entry = whole.rfind(b"archive/data/1") - 46
    struct.pack_into("<II", whole, entry + 20, 10**6, 10**6)
    assert "more bytes than the file has" in refusal(tmp_path / "a.pth", bytes(whole))


def test_damaged_member(tmp_path):
    whole = bytearray(zip_bytes({"w": tensor(np.full(50, 1.25))}))
    whole[whole.find(np.float64(1.25).tobytes()) + 80] ^= 1
    assert "is damaged; load the file again" in refusal(tmp_path / "a.pth", bytes(whole))
