"""Files beside a TFLite file are replaced where an export wrote them, and nowhere else."""

import pytest

from centernet_tf.errors import UserError
from centernet_tf.export.companion_files import ENDINGS, refuse_foreign


@pytest.mark.parametrize(
    "text", ["", "[]", '"tflite"', "{}", '{"kind": "saved_model"}', "\ufeff{", '{"kind": "tfl']
)
def test_other_json_is_foreign(tmp_path, text):
    (tmp_path / "disc.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="disc.tflite would write over .*disc.json, which is no"):
        refuse_foreign(str(tmp_path / "disc"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_any_file_without_the_metadata_is_foreign(tmp_path, ending):
    (tmp_path / "disc.tflite").write_bytes(b"a file of something else")
    refuse_foreign(str(tmp_path / "disc"))
    (tmp_path / f"disc{ending}").write_bytes(b"\xff")
    with pytest.raises(UserError, match=f"would write over .*disc{ending}, .* another --output"):
        refuse_foreign(str(tmp_path / "disc"))


def test_a_folder_of_that_name_is_foreign(tmp_path):
    (tmp_path / "disc.json").mkdir()
    with pytest.raises(UserError, match="disc.json"):
        refuse_foreign(str(tmp_path / "disc"))


@pytest.mark.parametrize("written", range(len(ENDINGS) + 1))
def test_an_export_that_was_killed_half_way_can_be_repeated(tmp_path, written):
    for ending in ENDINGS[:written]:
        (tmp_path / f"disc{ending}").write_text('{"kind": "tflite"}')
    refuse_foreign(str(tmp_path / "disc"))
