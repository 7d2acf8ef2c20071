"""Experiments from YAML files and overrides, checked, and written back.

What can be set, and every default, stands in `settings.py` and in the `Options` of each detector.
"""

import importlib
import os
import typing

import yaml
from official.modeling import hyperparams
from official.modeling.hyperparams import params_dict

from centernet_tf import setting_types, yaml_file
from centernet_tf.config_checks import setting_faults
from centernet_tf.errors import UserError, nearest
from centernet_tf.settings import ExperimentConfig


def load_config(config_files=(), params_override=()) -> ExperimentConfig:
    """Builds a validated, locked experiment from YAML files and overrides, later ones winning.

    Args:
      config_files: paths of YAML files.
      params_override: strings, each `a.b=1,c.d=x` pairs, or a YAML or JSON mapping.

    Raises:
      UserError: a file is missing or is no mapping, a key is unknown (the nearest key is named), a
        value has the wrong type, or settings contradict each other.
    """
    layers = [(path, yaml_file.read_mapping(path)) for path in config_files]
    layers += [("--params_override", _parse_override(text)) for text in params_override]
    config = ExperimentConfig()
    for _, layer in layers:
        model = layer.get("model")
        if isinstance(model, dict):
            config.model.detector = model.get("detector", config.model.detector)
    config.model.__dict__["options"] = detector_options(config.model.detector)
    for origin, layer in layers:
        _apply(config, layer, origin)
    validate(config)
    config.lock()
    return config


def detector_options(name: str) -> hyperparams.Config:
    """Returns the default `Options` of the detector module `name`.

    Raises:
      UserError: there is no such detector.
    """
    return load_module("detectors", name).Options()


def load_module(room: str, name: str):
    """Imports `centernet_tf.<room>.<name>`, the file that holds one detector.

    Files of the room without a class `Detector` are what detectors share.

    Raises:
      UserError: no such file; the message lists those there are.
    """
    folder = os.path.join(os.path.dirname(__file__), room)
    names = sorted(
        entry[:-3]
        for entry in os.listdir(folder)
        if entry.endswith(".py") and entry[0] != "_" and _has_detector(os.path.join(folder, entry))
    )
    if name not in names:
        raise UserError(
            f"There is no {room[:-1]} '{name}'; choose one of {', '.join(names)}."
            f"{nearest(name, names)}"
        )
    return importlib.import_module(f"centernet_tf.{room}.{name}")


def _has_detector(path: str) -> bool:
    with open(path, encoding="utf-8") as stream:
        return any(line.startswith("class Detector(") for line in stream)


def save_config(config: ExperimentConfig, path: str) -> None:
    """Writes the resolved experiment as YAML that `load_config` reads back to an equal one."""
    temporary = path + ".tmp"
    with open(temporary, "w", encoding="utf-8") as stream:
        yaml.safe_dump(config.as_dict(), stream, sort_keys=False)
    os.replace(temporary, path)


def flat_settings(config: hyperparams.Config) -> dict:
    """Returns the settings of an experiment, or of a part of it, by their dotted names."""
    return dict(_pairs(config.as_dict(), ""))


def _pairs(mapping, prefix):
    for key, value in mapping.items():
        if isinstance(value, dict):
            yield from _pairs(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _parse_override(text: str) -> dict:
    layer, fault = None, None
    try:
        layer = yaml.safe_load(text)
        if not isinstance(layer, dict):
            layer = yaml.safe_load(params_dict.nested_csv_str_to_json_str(text))
    except (ValueError, yaml.YAMLError) as error:
        fault = error
    if not isinstance(layer, dict):
        raise UserError(
            f"Cannot read --params_override='{text}': write key=value pairs such as "
            "train.epochs=10,data.path=records."
        ) from fault
    return layer


def _apply(config, layer: dict, origin: str, prefix: str = "") -> None:
    """Overrides `config` in place with the mapping `layer`, checking names and types."""
    known = config.as_dict()
    hints = typing.get_type_hints(type(config))
    for key, value in layer.items():
        name = f"{prefix}{key}"
        if key not in known:
            choices = ", ".join(known)
            raise UserError(
                f"Unknown setting '{name}' in {origin}.{nearest(key, known)} "
                f"The keys there are: {choices}."
            )
        current = getattr(config, key)
        if isinstance(current, hyperparams.Config):
            if not isinstance(value, dict):
                raise UserError(
                    f"'{name}' in {origin} must be a mapping; got {setting_types.quote(value)}."
                )
            _apply(current, value, origin, name + ".")
        else:
            setattr(config, key, _typed(value, hints[key], name, origin))


def _typed(value, hint, name: str, origin: str):
    """Returns `value` as the annotated type, or raises when it is of another kind."""
    try:
        return setting_types.read_as(value, hint)
    except ValueError as error:
        raise UserError(
            f"'{name}' in {origin} must be {setting_types.type_name(hint)}; "
            f"got {setting_types.quote(value)}."
        ) from error


def validate(config: ExperimentConfig) -> None:
    """Checks settings one by one and against each other.

    Raises:
      UserError: with every fault found, one sentence each; the detector's options are looked at
        when the rest is right, because they are held against it.
    """
    faults = setting_faults(config)
    faults = faults or config.model.options.faults(config)
    if faults:
        raise UserError(" ".join(faults))
