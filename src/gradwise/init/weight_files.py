"""Weights by name from files that others wrote; nothing in such a file is run."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from gradwise.errors import UsageError

INSIDE = ("state_dict", "model_state_dict", "model", "weights")  # under which training scripts keep weights
_CODE = ("global", "can still be loaded")  # how torch says that a pickle would run something


def read_weights(file: Path) -> dict[str, Tensor]:
    """The weights of a ``.safetensors`` file, or of what ``torch.save`` wrote, on the CPU.

    Args:
        file: of safetensors by its ending, else of torch: a state dict, or one beside other things under
            ``state_dict``, ``model_state_dict``, ``model`` or ``weights``.

    Raises:
        UsageError: not a file of weights, or a pickle that would run code.
    """
    try:
        if file.suffix == ".safetensors":
            return _by_name(file, load_file(file))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles in forms that torch does not write
            found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if any(word in str(error).lower() for word in _CODE):
            raise UsageError(
                f"{file.name} holds more than weights, which could run code; save `model.state_dict()` "
                "instead."
            ) from error
        raise UsageError(f"{file.name} is no file of weights (it is no archive of torch).") from error
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError, KeyError, IndexError) as error:
        raise UsageError(f"{file.name} is no file of weights ({_reason(error, file)}).") from error
    return _by_name(file, found)


def _by_name(file: Path, found: Any) -> dict[str, Tensor]:
    if isinstance(found, Mapping):
        found = next((found[key] for key in INSIDE if isinstance(found.get(key), Mapping)), found)
        if found and all(isinstance(value, Tensor) for value in found.values()):
            return {str(name): value for name, value in found.items()}
    raise UsageError(f"{file.name} holds no state dict, weights by name; save `model.state_dict()`.")


def _reason(error: Exception, file: Path) -> str:
    if file.is_file() and not file.stat().st_size:
        return "it is empty"
    if "TorchScript" in str(error):
        return "it is a TorchScript program; save `model.state_dict()`"
    if "central directory" in str(error):
        return "it is damaged or cut off"
    if isinstance(error, KeyError):
        return "it is no archive of torch"
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
