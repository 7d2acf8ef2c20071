"""The files for TensorFlow Serving, read as it, Docker and Kubernetes read them."""

import os

import pytest
import yaml

from centernet_tf.errors import UserError
from centernet_tf.export.deploy_folder import (
    FILES,
    fill_template,
    model_name,
    served_name,
    write_deploy_folder,
)


def test_the_name_follows_the_folder_or_the_option(tmp_path):
    assert model_name(str(tmp_path / "blood_cells")) == "blood_cells"
    assert model_name(f"{tmp_path}/cells/") == "cells"
    assert model_name(str(tmp_path), "v2.cells") == "v2.cells"
    with pytest.raises(UserError, match="'my model' cannot be the name"):
        model_name(str(tmp_path / "my model"))


def test_a_folder_is_served_under_the_name_it_was_exported_for(tmp_path):
    folder = str(tmp_path / "folder")
    assert served_name(folder) == "folder"
    write_deploy_folder(folder, "cells")
    assert served_name(folder) == "cells"
    assert served_name(folder, "given") == "given"


def test_what_a_person_changed_stays(tmp_path):
    write_deploy_folder(str(tmp_path), "cells")
    folder = tmp_path / "deploy"
    assert sorted(os.listdir(folder)) == sorted(FILES)
    (folder / "batching.config").write_text("mine")
    (folder / "compose.yaml").unlink()
    write_deploy_folder(str(tmp_path), "cells")
    assert (folder / "batching.config").read_text() == "mine"
    assert (folder / "compose.yaml").read_text() == fill_template("compose.yaml", "cells")


def test_files_of_another_name_are_left_alone_and_told(tmp_path, capsys):
    write_deploy_folder(str(tmp_path), "cells")
    write_deploy_folder(str(tmp_path), "cells")
    assert capsys.readouterr().out == ""
    write_deploy_folder(str(tmp_path), "blood")
    assert "was written for the model name 'cells' and is left alone" in capsys.readouterr().out


def test_no_place_is_left_unfilled():
    for file in FILES:
        text = fill_template(file, "Blood_Cells.2")
        assert "$name" not in text and "$label" not in text and "$$" not in text
        assert "Blood_Cells.2" in text or file in ("batching.config", "monitoring.config")


def test_compose_and_kubernetes_are_yaml_that_names_the_files():
    compose = yaml.safe_load(fill_template("compose.yaml", "Blood_Cells"))
    service = compose["services"]["blood-cells"]
    assert service["image"] == "tensorflow/serving:2.15.1"
    documents = list(yaml.safe_load_all(fill_template("kubernetes.yaml", "Blood_Cells")))
    deployment = documents[0]["spec"]["template"]["spec"]["containers"][0]
    assert [document["kind"] for document in documents] == ["Deployment", "Service"]
    assert deployment["readinessProbe"]["httpGet"]["path"] == "/v1/models/Blood_Cells"
    assert {"requests", "limits"} <= set(deployment["resources"])
    for arguments in (service["command"], deployment["args"]):
        named = [word.split("/deploy/")[1] for word in arguments if "/deploy/" in word]
        assert sorted(named) == ["batching.config", "models.config", "monitoring.config"]
    # Which versions there are is asked less often of a volume than of a folder.
    commands = [set(service["command"]), set(deployment["args"])]
    differing = {word.split("=")[0] for word in commands[0] ^ commands[1]}
    assert differing == {"--file_system_poll_wait_seconds"}


def test_each_export_is_a_compose_project_of_its_own():
    # Without a name it is the folder's, which is deploy for every export.
    names = [yaml.safe_load(fill_template("compose.yaml", each))["name"] for each in ("A.b", "No")]
    assert names == ["a-b", "no"]


@pytest.mark.parametrize(
    "name, label",
    [
        ("2024", "model-2024"),
        ("true", "true"),
        ("No", "no"),
        ("a" * 70, "a" * 63),
        ("1.", "model-1"),
    ],
)
def test_labels_are_strings_that_kubernetes_takes(name, label):
    (service,) = yaml.safe_load(fill_template("compose.yaml", name))["services"]
    deployment, kubernetes_service = yaml.safe_load_all(fill_template("kubernetes.yaml", name))
    template = deployment["spec"]["template"]
    assert service == label
    assert deployment["metadata"] == {"name": label, "labels": {"app": label}}
    assert deployment["spec"]["selector"]["matchLabels"] == template["metadata"]["labels"]
    assert kubernetes_service["metadata"]["name"] == kubernetes_service["spec"]["selector"]["app"]
    (volume,) = template["spec"]["volumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == f"{label}-models"


def test_models_config_is_what_the_server_reads():
    config_pb2 = pytest.importorskip("tensorflow_serving.config.model_server_config_pb2")
    from google.protobuf import text_format

    text = fill_template("models.config", "cells")
    (model,) = text_format.Parse(text, config_pb2.ModelServerConfig()).model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (
        "cells",
        "/models/cells",
        "tensorflow",
    )
    assert model.model_version_policy.latest.num_versions == 1
