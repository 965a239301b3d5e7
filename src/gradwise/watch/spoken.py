"""What the user's own names say of an evaluation: validation, training, or nothing.

Rows that are evaluated and trained on are a measure of training or a leak; only
the author's words tell which: ``error(model, val_loader)``, ``loss(model(x_train), y_train)``.
"""

from __future__ import annotations

import linecache
import re
import sys
from collections.abc import Iterator
from typing import Any

from gradwise.watch.evaluation import Frames

VALIDATION, TRAINING = "validation", "training"
SPOKEN_FRAMES = 2  # the innermost of the user's, as places are named by
MOST_LINES = 60  # above a line that are searched for the loops around it

_UNSEEN = frozenset({"val", "valid", "validation", "dev", "test", "holdout", "heldout", "unseen"})
_SEEN = frozenset({"train", "training", "trained", "tr", "trn", "fit"})
_AMBIGUOUS = frozenset({"dev", "valid"})  # alone they are a device and a mask
_STRING = re.compile(r"""("[^"]*"|'[^']*')""")
_NAME = re.compile(r"[A-Za-z_]\w*")
_CALLED = re.compile(r"[A-Za-z_]\w*\s*\(")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ASSIGNED = re.compile(r"^([^=(]*?)(?<![=!<>])=(?!=)(.*)$", re.DOTALL)


def spoken(frames: Frames) -> str:
    """What the lines of the innermost of these frames say of what they evaluate.

    The nearest line that says anything decides, from the line that runs the model over
    the loops around it to its caller's.  Must be called below these frames.

    Args:
        frames: as `user_frames` gives them.

    Returns:
        ``"validation"``, ``"training"`` (also where a line speaks of both), or ``""``.
    """
    found = [list(_lines(*where)) for where in _sources(frames[:SPOKEN_FRAMES])]
    said = [[one for one in map(said_by, lines) if one != (False, False)] for lines in found]
    nearest = next((one for part in said for one in part), (False, False))
    if not any(nearest):
        return ""
    caller = said_by(_CALLED.sub("(", found[1][0])) if len(found) > 1 else (False, False)
    return TRAINING if nearest[1] or caller == (False, True) else VALIDATION


def said_by(line: str) -> tuple[bool, bool]:
    """Whether a line of code speaks of rows kept from training, and of training.

    Names of functions that are called and plain strings count for training alone; what is
    assigned to counts for the other where it is of several words (``val = model(x)`` is a value).
    """
    code = line.split("#", maxsplit=1)[0]
    seen = any(_SEEN & set(_parts(name)) for name in _NAME.findall(code))
    bare = _CALLED.sub("(", _STRING.sub("", code))
    assigned = _ASSIGNED.match(bare)
    target, rest = assigned.groups() if assigned else ("", bare)
    unseen = any(_tells(name, alone=False) for name in _NAME.findall(target))
    return unseen or any(_tells(name, alone=True) for name in _NAME.findall(rest)), seen


def _tells(name: str, *, alone: bool) -> bool:
    parts = _parts(name)
    if len(parts) > 1:
        return bool(_UNSEEN & set(parts)) or "hold" in parts or ("held" in parts and "out" in parts)
    return alone and bool((_UNSEEN - _AMBIGUOUS) & set(parts))


def _parts(name: str) -> list[str]:
    """The words of ``val_loader``, ``xVal`` or ``X_test2``."""
    return [part.lower() for part in _PART.findall(name)]


def _sources(frames: Frames) -> list[tuple[str, int]]:
    """Files and lines of these frames, innermost first."""
    wanted, found = list(frames), []
    frame: Any = sys._getframe(1)
    while frame is not None and wanted:
        if (id(frame.f_code), frame.f_lineno) == wanted[0]:
            found.append((frame.f_code.co_filename, frame.f_lineno))
            del wanted[0]
        frame = frame.f_back
    return found


def _lines(file: str, number: int) -> Iterator[str]:
    """The line, and the heads of the loops around it, nearest first, within its function."""
    line = linecache.getline(file, number)
    yield line
    depth = _depth(line)
    for above in range(number - 1, max(number - MOST_LINES, 0), -1):
        line = linecache.getline(file, above)
        if not line.strip() or _depth(line) >= depth:
            continue
        depth = _depth(line)
        head = line.strip()
        if head.startswith(("def ", "async def ", "class ")):
            return
        if head.startswith(("for ", "async for ", "while ")):
            yield line


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
