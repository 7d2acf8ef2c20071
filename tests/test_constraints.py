"""setup.cfg, constraints.txt and what is installed agree."""

import configparser
import importlib.metadata
import pathlib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = pathlib.Path(__file__).parents[1]
SEVEN = [
    "tensorflow",
    "keras",
    "tensorflow-addons",
    "tf-models-official",
    "pycocotools",
    "numpy",
    "absl-py",
]


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]


def pins():
    """Returns {canonical name: Version} of constraints.txt."""
    pairs = [line.split("==") for line in lines((ROOT / "constraints.txt").read_text())]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


def ranges():
    """Returns the requirements of setup.cfg, those of the extras included."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    texts = [settings["options"]["install_requires"], *settings["options.extras_require"].values()]
    return [Requirement(line) for text in texts for line in lines(text)]


@pytest.mark.parametrize("requirement", ranges(), ids=str)
def test_pin_lies_in_the_range(requirement):
    assert pins()[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("requirement", ranges(), ids=str)
def test_what_is_required_is_installed(requirement):
    """Also of the extras, which `make setup` asks for: pip passes over one it does not know."""
    assert Version(importlib.metadata.version(requirement.name)) in requirement.specifier


def test_extras_are_named_so_that_every_pip_finds_them():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    # setuptools writes a - for _ and ., which pip before 23.3 does not look for.
    assert all(name.isalnum() for name in settings["options.extras_require"])


@pytest.mark.parametrize("name", SEVEN)
def test_the_seven_are_required_and_installed_as_pinned(name):
    assert name in {requirement.name for requirement in ranges()}
    assert Version(importlib.metadata.version(name)) == pins()[name]


def test_what_the_requirements_ask_for_is_pinned():
    """Follows the dependencies of what is installed; each must have its line in constraints.txt."""
    seen, waiting = set(), [canonicalize_name(requirement.name) for requirement in ranges()]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        needed = [Requirement(text) for text in importlib.metadata.requires(name) or []]
        waiting += [
            canonicalize_name(requirement.name)
            for requirement in needed
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ]
    assert sorted(seen - set(pins())) == []
