"""A fitted estimator on disk: JSON and safetensors, nothing pickled."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import nn

from gradwise.data.examples import Task
from gradwise.errors import UsageError
from gradwise.nets import make

STATE = "estimator.json"
WEIGHTS = "model.safetensors"


def write(directory: Path, document: Mapping[str, Any], model: nn.Module) -> None:
    """Write both files.

    Raises:
        UsageError: the directory cannot be written, or a setting is no plain value.
    """
    weights = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    try:
        text = json.dumps(document, indent=1)
        directory.mkdir(parents=True, exist_ok=True)
        save_file(weights, directory / WEIGHTS)
        (directory / STATE).write_text(text, encoding="utf-8")
    except TypeError as error:
        raise UsageError(f"the estimator's settings cannot be written as JSON ({error}).") from error
    except OSError as error:
        raise UsageError(f"{directory} cannot be written ({error.strerror}).") from error


def read(directory: Path, kind: str) -> dict[str, Any]:
    """What `write` wrote of an estimator of this class.

    Raises:
        UsageError: there is none, or it is of the other kind.
    """
    try:
        document: dict[str, Any] = json.loads((directory / STATE).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{directory} holds no saved estimator ({error.strerror}).") from error
    if document["class"] != kind:
        raise UsageError(f"{directory} holds a {document['class']}, not a {kind}.")
    return document


def read_task(document: Mapping[str, Any]) -> Task:
    """What is predicted."""
    task: Any = {name: tuple(v) if isinstance(v, list) else v for name, v in document["task"].items()}
    return Task(**task)


def read_model(directory: Path, document: Mapping[str, Any]) -> nn.Module:
    """The net with its weights, in float64."""
    plan, task = document["plan"], read_task(document)
    shape = {"numbers": document["features"], "categories": ()}
    model = make(plan["net"], outputs=task.outputs, **shape, **plan["options"])
    model.load_state_dict(load_file(directory / WEIGHTS))
    return model.eval().double()
