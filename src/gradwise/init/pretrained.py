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

from os import PathLike
from pathlib import Path

import torch
from torch import nn

from gradwise.errors import UsageError
from gradwise.init.initialiser import Initialiser
from gradwise.init.matching import SHOWN, compare
from gradwise.init.weight_files import read_weights

OF_RUNS = ("model.safetensors", "weights.safetensors")  # in the directory of a fit


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
    found = compare(model, read_weights(file))
    own = list(found.own)
    fitting = set(found.fitting)
    misfits = [found.told(name) for name in own if name not in fitting]
    misfits += [found.told(name) for name in found.unknown]
    if not fitting or (misfits and not partial):
        more = f" (and {len(misfits) - SHOWN} more)" if len(misfits) > SHOWN else ""
        cure = "; add partial=yes to take the rest" if fitting else "; it is of another model"
        raise UsageError(f"{file.name} does not fit: {'; '.join(misfits[:SHOWN])}{more}{cure}.")
    for name in fitting:
        found.own[name].copy_(found.stored[name])
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


INITIALISERS = (
    Initialiser(
        "pretrained",
        "weights from a file",
        whole=pretrained,
        aliases=("from-file", "checkpoint"),
    ),
)
