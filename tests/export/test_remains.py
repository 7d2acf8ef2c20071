"""What a killed run left goes away; what others still work on stays."""

import os
import platform
import subprocess
import sys

import pytest

from centernet_tf.export.remains import remove_remains, temporary_path


@pytest.fixture(name="dead")
def find_dead():
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_folders_and_files_of_ended_processes_are_removed(tmp_path, dead, capsys):
    prefix = str(tmp_path / "x[1].incomplete-")
    folder, file = f"{prefix}{platform.node()}-{dead}", temporary_path(prefix)
    os.makedirs(f"{folder}/deep")
    open(file, "w").close()
    remove_remains(prefix)
    assert os.listdir(tmp_path) == []
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(
        f"Removed {path}, left by a run that was killed." for path in (folder, file)
    )


def test_what_others_work_on_stays(tmp_path, dead, capsys):
    prefix = str(tmp_path / "incomplete-")
    parent = f"incomplete-{platform.node()}-{os.getppid()}"
    names = [parent, f"incomplete-elsewhere-{dead}", f"incomplete-{dead}", f"{parent}-notes", "1"]
    for name in names:
        (tmp_path / name).mkdir()
    remove_remains(prefix)
    assert sorted(os.listdir(tmp_path)) == sorted(names)
    assert capsys.readouterr().out == ""


def test_a_folder_that_is_not_there_yet(tmp_path):
    remove_remains(str(tmp_path / "new" / "incomplete-"))
