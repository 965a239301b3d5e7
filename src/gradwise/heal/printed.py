"""Numbers that a script prints: which line looks like a result, and what it says in each run."""

from __future__ import annotations

import math
import re

from gradwise.errors import UsageError

NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)\b"
LOWER = ("loss", "error", "err", "mse", "rmse", "mae", "perplexity", "ppl", "nll", "bpc", "mape",
         "entropy", "brier", "deviance", "residual")  # fmt: skip
HIGHER = ("accuracy", "acc", "f1", "auc", "auroc", "r2", "r²", "score", "precision", "recall", "iou", "dice",
          "bleu", "reward", "return", "correct")  # fmt: skip
HELD_OUT = ("val", "valid", "validation", "test", "eval", "dev", "held")
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_NAMED = re.compile(
    r"(?P<name>[A-Za-z][\w²./@-]*(?:[ \t][A-Za-z][\w²./@-]*){0,3})(?P<gap>[\"')\]]*[ \t]*[:=~≈]?[ \t]*)"
    rf"(?P<number>{NUMBER})(?![\w])",
    re.IGNORECASE,
)


def direction(name: str) -> bool | None:
    """Whether smaller is better, by the last word of a name that tells; None where none does.

    >>> direction("test accuracy"), direction("val_loss"), direction("steps")
    (False, True, None)
    """
    words = _WORD.findall(name.lower().replace("_", " "))
    if "brier" in words:  # a score of which less is better
        return True
    for word in reversed(words):
        if word in LOWER or word.endswith(("loss", "error")):
            return True
        if word in HIGHER:
            return False
    return None


def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern of ``--metric``.

    Raises:
        UsageError: no pattern, or one without a group.
    """
    try:
        found = re.compile(pattern, re.MULTILINE)
    except re.error as error:
        raise UsageError(
            f"--metric {pattern!r} is not a regular expression ({error}); give e.g. 'accuracy ([0-9.]+)'."
        ) from None
    if found.groups < 1:
        raise UsageError(
            f"--metric {pattern!r} has no group; put the number in parentheses, e.g. 'accuracy ([0-9.]+)'."
        )
    return found


def value_of(pattern: re.Pattern[str], text: str, most: int | None = None) -> float | None:
    r"""The number of the last match; None without a match, NaN where the group holds no number.

    Args:
        pattern: its first group is the number.
        text: what was printed.
        most: so many matches count, the first ones; all of them when None.

    >>> value_of(re.compile(r"acc ([0-9.]+)"), "acc 0.5\nacc 0.75\n")
    0.75
    """
    matches = list(pattern.finditer(text))[:most]
    if not matches:
        return None
    try:
        return float((matches[-1].group(1) or "").strip().rstrip("%").replace(",", ""))
    except ValueError:
        return math.nan


def result_line(text: str) -> tuple[str, re.Pattern[str], bool] | None:
    r"""The last printed line that looks like a result: a name that tells which way is better, and a number.

    Of several numbers in it the last counts, and one of data held out before one of training.

    Returns:
        The line, the pattern that finds the number in other runs, whether smaller is better; None where
        there is none.

    >>> line, pattern, lower = result_line("epoch 3 loss 0.5\nfinal test accuracy: 0.91\nsaved\n")
    >>> line, value_of(pattern, "final test accuracy: 0.93"), lower
    ('final test accuracy: 0.91', 0.93, False)
    """
    for line in reversed(text.splitlines()):
        found = [one for one in _NAMED.finditer(line) if direction(one["name"]) is not None]
        if not found:
            continue
        held_out = [one for one in found if _held_out(one["name"])]
        best = (held_out or found)[-1]
        name, lower = _told(best["name"]), direction(best["name"])
        shape = re.escape(name).replace(r"\ ", r"[ \t]+") + re.sub(
            r"[ \t]+", r"[ \\t]*", _quoted(best["gap"])
        )
        return line.strip(), re.compile(rf"\b{shape}[ \t]*({NUMBER})(?!\w)", re.IGNORECASE), bool(lower)
    return None


def _held_out(name: str) -> bool:
    return any(word in HELD_OUT for word in _WORD.findall(name.lower().replace("_", " ")))


def _told(name: str) -> str:
    """The name without words before the one that says on which data, or else which number it is."""
    words = name.split()
    for at, word in enumerate(words):
        if _held_out(word) or direction(word) is not None:
            return " ".join(words[at:])
    return name


def _quoted(gap: str) -> str:
    """What stands between name and number, as a pattern, blanks left as they are."""
    return "".join(c if c in " \t" else re.escape(c) for c in gap)
