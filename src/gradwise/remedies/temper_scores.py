"""Divide scores that enter a softmax, so that it does not choose before it has learnt.

What it does
    Divides the scores of a softmax by one number, so that they begin with a deviation of 1
    among those that compete.

When
    A softmax within the network gives nearly all its weight to one entry from the first
    steps on: attention without the division by the root of the width, or with a
    multiplication in its place; a temperature far too low.

When not
    The choice came late, with the loss falling: it was learnt. Hard choices on purpose.

Grade
    changes-model: the softmax of other scores, in predictions too.

The edit
    ``scores / math.sqrt(width)`` where the scores are made, or a higher temperature.

    At run time the scores are measured where a line of the script first asks for a softmax,
    and whatever that line asks for later is divided by the same number. Where they begin
    with a deviation of 2 or less nothing is done. Entries that are masked by minus infinity
    are not counted and stay. Undone, the next softmax is the script's own. Attention that
    torch computes in one piece (``scaled_dot_product_attention``) is not reached.

References
    Vaswani et al., Attention is all you need, arXiv 1706.03762, section 3.2.1 and its
    footnote 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from torch import Tensor

    from gradwise.remedies.patient import Patient

LIMIT = 2.0  # deviation of scores that is left; attention as published begins near 1 or below

REMEDY = Remedy(
    name="temper-scores",
    grade="changes-model",
    summary="divide the scores of a softmax so that it does not choose at the start",
    edit=Edit(
        before="""\
scores = query @ key.transpose(1, 2)
""",
        after="""\
scores = query @ key.transpose(1, 2) / math.sqrt(width)
""",
    ),
    doses=(Dose("deviation", "of the scores at the start", 1.0, 0.01, 2.0, (1.0, 0.3)),),
    undo="exact",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Measure the first scores of each line, and divide all of them."""
    import sys
    from pathlib import Path

    import torch
    import torch.nn.functional as functional

    frame, library = sys._getframe, str(Path(torch.__file__).parent)  # noqa: SLF001
    compiling = torch.compiler.is_compiling
    divisors: dict[tuple[str, int], float] = {}
    inside: list[int] = []  # a softmax of the library calls another one

    def divided(scores: Any, axis: Any, place: tuple[str, int]) -> Any:
        if not isinstance(scores, torch.Tensor) or not scores.is_floating_point() or axis is None:
            return None
        if place not in divisors:
            found = _deviation(scores.detach(), axis)
            divisors[place] = float(f"{found / dose['deviation']:.2g}") if found > LIMIT else 1.0
            if divisors[place] != 1.0:
                where = f"{Path(place[0]).name}:{place[1]}"
                patient.did(
                    f"scores with a deviation of {found:.3g} are divided by {divisors[place]:g} ({where})"
                )
        return None if divisors[place] == 1.0 else scores / divisors[place]

    contained = patient.contained(divided)

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def softmax(*args: Any, **kwargs: Any) -> Any:
            if inside or compiling() or patient.busy or not args:
                return original(*args, **kwargs)
            here = frame(1)
            while here.f_code.co_filename.startswith(library) and here.f_back is not None:
                here = here.f_back
            inside.append(1)
            try:
                axis = args[1] if len(args) > 1 else kwargs.get("dim")
                scores = contained(args[0], axis, (here.f_code.co_filename, here.f_lineno))
                return original(*((args[0] if scores is None else scores), *args[1:]), **kwargs)
            finally:
                inside.pop()

        return softmax

    for owner in (functional, torch, torch.Tensor):
        patient.around(owner, "softmax", make)


def _deviation(scores: Tensor, axis: int) -> float:
    """Of the scores that compete with each other, typically; 0 where fewer than two do."""
    known = scores.isfinite()
    count = known.sum(axis, keepdim=True)
    filled = scores.double().masked_fill(~known, 0.0)
    mean = filled.sum(axis, keepdim=True) / count.clamp(min=1)
    squares = ((filled - mean) ** 2).masked_fill(~known, 0.0).sum(axis, keepdim=True) / count.clamp(min=1)
    several = squares[count > 1]
    return float(several.sqrt().median()) if len(several) else 0.0
