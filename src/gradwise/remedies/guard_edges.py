"""Keep numbers off the edge at which a root, a logarithm or a quotient breaks.

What it does
    Puts a small number in the place of one that is nearer than that to the edge: zero for
    sqrt, log, pow and division, one for acos, asin and atanh, overflow for exp. What was
    put there passes no gradient on, so nothing infinite comes back.

When
    The first number or gradient that was not finite came from such a function of the
    script's own: the length of a difference that can be nil, the logarithm of a
    probability that reached 0, the angle between two vectors that are the same.

When not
    The weights had run away before, so that anything would break: lower the rate. A loss
    of the library's that takes scores is better still than a guarded one of probabilities.

Grade
    changes-training: the same function, but for numbers within a millionth of its edge.

The edit
    ``x.clamp(min=1e-6)`` or ``+ 1e-6`` in the argument of that one function.

    At run time functions and methods of tensors are given other arguments where a gradient
    is wanted of what they make, and where such a line of the script runs again without one,
    as in an evaluation. Arguments that are not at the edge stay the same bits, and so does
    everything that optimizers compute. Undone, the next call gets what the script gives it.
    What runs inside compiled code is not reached.

References
    PyTorch documentation, "Numerical accuracy"; Higham, Accuracy and Stability of Numerical
    Algorithms, 2002, chapter 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gradwise.remedies.remedy import Dose, Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="guard-edges",
    grade="changes-training",
    summary="keep numbers off the edge where a root, logarithm or quotient breaks",
    edit=Edit(
        before="""\
distance = ((a - b) ** 2).sum(dim=1).sqrt()
""",
        after="""\
distance = ((a - b) ** 2).sum(dim=1).clamp(min=1e-6).sqrt()
""",
    ),
    doses=(Dose("distance", "from the edge that is kept", 1e-6, 1e-30, 0.1, (1e-6, 1e-4)),),
    undo="exact",
)

_TOLD = re.compile(r"(\w+) was kept off its edge \((.*):(\d+)\)")


def told(name: str, file: str, line: int) -> str:
    """What is noted of a function that was guarded.

    >>> told("sqrt", "train.py", 12)
    'sqrt was kept off its edge (train.py:12)'
    """
    return f"{name} was kept off its edge ({file}:{line})"


def guarded(text: str) -> tuple[str, str, int] | None:
    """The function, file and line that `told` was given; None for other words.

    >>> guarded(told("sqrt", "train.py", 12))
    ('sqrt', 'train.py', 12)
    """
    found = _TOLD.fullmatch(text)
    return (found[1], found[2], int(found[3])) if found else None


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Guard every function that has an edge."""
    from gradwise.remedies.patient.edges import guard

    guard(patient, dose["distance"], told)
