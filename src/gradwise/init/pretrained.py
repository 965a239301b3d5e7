"""Weights of a model that was trained before, from a file.

What it is
    Names and shapes in the file are compared with those of the model, and what belongs together is copied,
    running means of norm layers included.  Nothing else of the file is run: a pickled model is refused.

Also called
    from-file, checkpoint

Formula
    - ``w = weight of the same name and shape in the file``

Defaults
    ``path``: a ``.safetensors`` file, a ``.pt`` or ``.pth`` file with a state dict, or the directory of a
    fit.  ``partial`` no: every weight must be there and fit; ``partial=yes`` takes those that fit and leaves
    the others as they are, for example a last layer for other classes.  Prefixes that wrappers add
    (``module.``, ``_orig_mod.``, ``model.``) are passed over.

When
    - little data of one's own, and a net trained on much data of a similar kind
    - going on with a net after its last layer was changed

When not
    - architectures differ: nothing fits, and it is said what does not

Confused with
    - ``gradwise fit --resume``, which restores the optimizer and the schedule too
    - freezing: these weights go on learning

Example
    >>> import gradwise, tempfile, torch
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "old.pt"
    >>> old, new = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    >>> torch.save(old.state_dict(), path)
    >>> gradwise.init(new, "pretrained", path=path).notes
    ('2 of 2 weights from old.pt',)
    >>> new.weight.equal(old.weight)
    True

Claims
    - fine-tuning the last layers wins with little data

References
    Yosinski, Clune, Bengio, Lipson, How Transferable Are Features in Deep Neural Networks?, arXiv 1411.1792.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gradwise.errors import UsageError
from gradwise.init.initialiser import Initialiser

INSIDE = ("state_dict", "model_state_dict", "model", "weights")  # under which training scripts keep weights
PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile, Lightning
OF_RUNS = ("model.safetensors", "weights.safetensors")  # in the directory of a fit
SHOWN = 3  # misfits in a message


@torch.no_grad()
def pretrained(
    model: nn.Module, *, path: str | PathLike[str] | None = None, partial: bool = False
) -> list[str]:
    """Copy weights from a file.

    Args:
        model: changed in place.
        path: of the file.
        partial: take what fits and leave the rest as it is.

    Raises:
        UsageError: no such file, not a file of weights, or weights that do not fit.
    """
    file = find_file(path)
    stored, own = _named(_read(file), model), model.state_dict()
    fitting = {name for name, value in stored.items() if name in own and own[name].shape == value.shape}
    misfits = [
        f"{name} is {_shape(own[name])} here and {_shape(stored[name])} there"
        if name in stored
        else f"{name} {_shape(own[name])} is missing there"
        for name in own
        if name not in fitting
    ] + [f"{name} {_shape(stored[name])} is unknown here" for name in stored if name not in own]
    if not fitting or (misfits and not partial):
        more = f" (and {len(misfits) - SHOWN} more)" if len(misfits) > SHOWN else ""
        cure = "; add partial=yes to take the rest" if fitting else "; it is of another model"
        raise UsageError(f"{file.name} does not fit: {'; '.join(misfits[:SHOWN])}{more}{cure}.")
    for name in fitting:
        own[name].copy_(stored[name])
    return [f"{len(fitting)} of {len(own)} weights from {file.name}", *(f"left: {m}" for m in misfits)]


def find_file(path: str | PathLike[str] | None) -> Path:
    """The file of weights that a path means, absolute.

    Raises:
        UsageError: none is given, or there is none.
    """
    if path is None:
        raise UsageError("initialiser 'pretrained' needs a file: pretrained:path=weights.safetensors.")
    file = Path(str(path)).expanduser().absolute()
    if file.is_dir():
        file = next((file / name for name in OF_RUNS if (file / name).is_file()), file)
    if not file.is_file():
        what = f"is a directory without {OF_RUNS[0]}" if file.is_dir() else "does not exist"
        raise UsageError(f"initialiser 'pretrained': {path} {what}; give a .safetensors or .pth file.")
    return file


def _read(file: Path) -> Mapping[str, Tensor]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles in forms that torch does not write
            found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UsageError(
            f"{file.name} holds more than weights, which could run code; save `model.state_dict()` instead."
        ) from error
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UsageError(f"{file.name} is no file of weights ({reason}).") from error
    if isinstance(found, Mapping):
        found = next((found[key] for key in INSIDE if isinstance(found.get(key), Mapping)), found)
        if found and all(isinstance(value, Tensor) for value in found.values()):
            return dict(found)
    raise UsageError(f"{file.name} holds no state dict, weights by name; save `model.state_dict()`.")


def _named(stored: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """The stored weights without the prefix of a wrapper, where that makes more of them known."""
    own = model.state_dict()
    best = dict(stored)
    for prefix in PREFIXES:
        for change in (str.removeprefix, lambda name, prefix: prefix + name):
            renamed = {change(name, prefix): value for name, value in stored.items()}
            if len(renamed.keys() & own.keys()) > len(best.keys() & own.keys()):
                best = renamed
    return best


def _shape(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "a number"


INITIALISERS = (
    Initialiser(
        "pretrained",
        "weights from a file",
        whole=pretrained,
        aliases=("from-file", "checkpoint"),
    ),
)
