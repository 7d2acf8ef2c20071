"""The rules of the house that a program can check."""

import ast
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "centernet_tf"
PROGRAM_FILES = sorted(
    path
    for folder in ("centernet_tf", "pipelines", "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
)
OWN_FILES = sorted(
    path
    for pattern in (
        "centernet_tf/**/*.py",
        "pipelines/*.py",
        "benchmarks/*.py",
        "tests/**/*.py",
        "configs/*",
        ".ci/*",
        "*.md",
        "*.cfg",
        "*.toml",
        "*.txt",
        "Makefile",
    )
    for path in ROOT.glob(pattern)
    if path.is_file()
)
# Each room may use those below it, never those above; three of them share a storey.
STOREYS = [
    {"serving"},
    {"training", "evaluation", "export"},
    {"weights"},
    {"data"},
    {"detectors"},
    {"backbones"},
    {"layers"},
    {"ops"},
    {"config", "cli"},
    {"config_checks", "setting_types", "yaml_file"},
    {"count_of", "errors", "quiet"},
]
IMPORT_NAMES = {
    "tensorflow",
    "keras",
    "tensorflow_addons",
    "official",
    "pycocotools",
    "numpy",
    "absl",
    "PIL",
    "yaml",
    "google",
    # of the extra `serving`, imported where they are used
    "grpc",
    "tensorflow_serving",
    # of the extra `faster`, likewise
    "faster_coco_eval",
    # of the extra `dev`, in one benchmark
    "tensorflow_model_optimization",
}


def relative(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


def imported_modules(path):
    """Yields the dotted name of every module that the file imports, at the top or inside."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def storey(room):
    return next((i for i, rooms in enumerate(STOREYS) if room in rooms), None)


def test_no_file_is_long():
    long = [path for path in PROGRAM_FILES if len(path.read_text().splitlines()) > 400]
    assert relative(long) == []


def test_programs_are_thin():
    thick = [
        path
        for path in (ROOT / "pipelines").glob("*.py")
        if len(path.read_text().splitlines()) >= 100
    ]
    assert relative(thick) == []


def test_no_file_is_named_after_nothing():
    names = {"utils.py", "util.py", "helpers.py", "misc.py", "common.py"}
    assert relative(path for path in PROGRAM_FILES if path.name in names) == []


def test_no_path_of_a_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|root|Users|work|mnt|opt)/\w")
    found = [path for path in OWN_FILES if pattern.search(path.read_text(errors="replace"))]
    assert relative(found) == []


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_config_opens_with_its_command(path):
    comment = []
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        comment.append(line)
    text = "\n".join(comment)
    assert "python -m pipelines." in text
    assert f"configs/{path.name}" in text


def test_rooms_use_only_those_below():
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        own = storey(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
        for module in imported_modules(path):
            parts = module.split(".")
            used = storey(parts[1]) if parts[0] == "centernet_tf" and len(parts) > 1 else None
            above = own is not None and used is not None and used < own
            if above or (parts[0] in ("pipelines", "benchmarks", "tests")):
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


def test_every_room_has_its_storey():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert sorted(room for room in rooms if storey(room) is None) == []


def test_what_is_imported_is_required():
    allowed = IMPORT_NAMES | {"centernet_tf", "pipelines", "benchmarks"} | sys.stdlib_module_names
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in PROGRAM_FILES
        for module in imported_modules(path)
        if module.split(".")[0] not in allowed
    }
    assert sorted(wrong) == []


def test_programs_silence_the_dependencies_first():
    for folder in ("pipelines", "benchmarks"):
        assert "silence_dependencies()" in (ROOT / folder / "__init__.py").read_text()
