"""What `--help` shows: examples that can be pasted, with flags that exist."""

import ast
import pathlib
import re
import shlex

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "pipelines"
PROGRAMS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def source_of(program):
    return (FOLDER / f"{program}.py").read_text(encoding="utf-8")


def help_of(program):
    """What absl prints first: the docstring as Python reads it."""
    return ast.get_docstring(ast.parse(source_of(program)), clean=False)


def flags_of(program):
    """The flags a program defines, and those of the modules whose flags it adopts."""
    source = source_of(program)
    for module in re.findall(r"adopt_module_key_flags\((\w+)\)", source):
        (path,) = (FOLDER.parent / "centernet_tf").rglob(f"{module}.py")
        source += path.read_text(encoding="utf-8")
    return set(re.findall(r'DEFINE_\w+\(\s*"(\w+)"', source))


def commands_of(program):
    """Yields the commands of the docstring as a shell would read them."""
    lines = iter(help_of(program).splitlines())
    for line in lines:
        if not line.startswith("    python -m "):
            continue
        while line.endswith("\\"):
            line = line[:-1] + next(lines)
        yield shlex.split(line)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_help_loses_nothing_of_its_docstring(program):
    assert f'"""{help_of(program)}"""' in source_of(program)


@pytest.mark.parametrize("program", PROGRAMS)
def test_examples_are_whole_commands(program):
    commands = list(commands_of(program))
    assert commands
    shown = [word for command in commands for word in command if word.startswith("--")]
    assert [word.split("=")[0] for word in shown] == re.findall(
        r"(?<=\s)--\w+(?==)", "\n".join(re.findall(r"^    .*$", help_of(program), re.MULTILINE))
    )


@pytest.mark.parametrize("program", PROGRAMS)
def test_flags_of_the_examples_exist(program):
    for command in commands_of(program):
        called = command[2].removeprefix("pipelines.")
        given = {word[2:].split("=")[0] for word in command if word.startswith("--")}
        assert given <= flags_of(called), command
