"""The program as a person runs it: what it prints, the page it leaves, its exit code."""

import subprocess
import sys

from tests.evaluation.tiny_records import write_records


def run(*flags, cwd):
    environment_root = __file__.rsplit("/tests/", 1)[0]
    return subprocess.run(
        [sys.executable, "-m", "pipelines.inspect_data", *flags],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PYTHONPATH": environment_root, "PATH": ""},
        timeout=300,
    )


def test_records_alone_suffice(tmp_path):
    write_records(tmp_path, 5)
    done = run("--data_dir=.", "--params_override=data.input_size=[64,96]", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "       7  objects" not in done.stdout and "       6  objects" in done.stdout
    assert done.stdout.splitlines()[-1].endswith(": inspect.html")
    page = (tmp_path / "inspect.html").read_text(encoding="utf-8")
    assert page.endswith("</html>\n") and "<h2>Training samples</h2>" in page


def test_wrong_input_ends_in_a_sentence_before_anything_is_computed(tmp_path):
    write_records(tmp_path, 2)
    for flags, words in (
        (["--data_dir=.", "--split=val"], "no split 'val'"),
        (["--data_dir=.", "--output=."], "--output=. must name an HTML file"),
        ([], "data.path"),
    ):
        done = run(*flags, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert words in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "inspect.html").exists()
