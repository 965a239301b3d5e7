"""All resamplers, found by walking this package, and resampling by name."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwise.data.examples import Choice, Examples, Task
from gradwise.data.resampling.resampler import Made, Resampled, Resampler, Rows, imblearn
from gradwise.errors import UsageError
from gradwise.registry import Registry, check_options, declared

NONE = "none"
SHOWN = 4  # classes in a sentence
# Modules of this package that hold no resamplers.
_NOT_RESAMPLERS = {"between", "collection", "resampler"}

RESAMPLERS = Registry[Resampler]("resampler", group="gradwise.resamplers")
for _each in declared("gradwise.data.resampling", "RESAMPLERS", skip=_NOT_RESAMPLERS):
    RESAMPLERS.add(_each.name, _each, _each.aliases)


def proper(name: str) -> str:
    """``name`` with its proper name and its options as written, or ``none``.

    Raises:
        UnknownNameError: no resampler is called so.
        UsageError: an option that it has not, or a value that it does not take.

    >>> proper("SMOTE:k-neighbors=3"), proper("none")
    ('smote:k-neighbors=3', 'none')
    """
    if name.strip().lower() in ("", NONE):
        return NONE
    _parsed(name, {})
    return RESAMPLERS.proper(name)


def check(name: str) -> None:
    """See before any work that this can be carried out.

    Raises:
        UnknownNameError: no resampler is called so.
        UsageError: an option that it has not, or a value that it does not take.
        MissingDependencyError: imbalanced-learn is not installed.
    """
    if proper(name) != NONE and importlib.util.find_spec("imblearn") is None:
        imblearn("over_sampling")


def resample(name: str, examples: Examples, task: Task, *, seed: int = 0, **options: Any) -> Resampled:
    """Other rows to train on: some left out, some repeated, or new ones made between others.

    Validation and test rows never belong here: judged on rows like those it will meet, a net shows what it is
    worth.

    Args:
        name: a name or alias of `RESAMPLERS`, with options after a colon: ``smote:k-neighbors=3``.
        examples: N training rows, encoded.
        task: of classes.
        seed: of what is drawn.
        **options: of the resampler; they win over those in the name.

    Raises:
        UnknownNameError: no resampler is called so.
        UsageError: a target or inputs that it cannot take, or wrong options.
        MissingDependencyError: imbalanced-learn is not installed.
    """
    word, settings = _parsed(name, options)
    info = RESAMPLERS[word]
    if task.kind != "classes" or examples.target is None:
        held = {"classes": "rows without a target", "labels": "labels", "numbers": "numbers"}[task.kind]
        more = "; take --class-weights yes." if task.kind == "labels" else "; leave it out."
        raise UsageError(f"--resample {word} is for classes, but the target holds {held}{more}")
    rows = Rows(examples.inputs, np.asarray(examples.target), task.classes, seed)
    _check_inputs(info, rows)
    if (rows.counts > 0).sum() < 2:
        raise UsageError(f"--resample {word} needs training rows of 2 classes at least, and there is 1.")
    made = info.maker(rows, **settings)
    new = _put_together(examples, made)
    assert new.target is not None
    learnt = np.bincount(new.target, minlength=len(task.classes))
    choice = Choice("resample", name.strip(), _told(rows, learnt, made))
    return Resampled(new, tuple(rows.counts.tolist()), tuple(learnt.tolist()), (choice,))


def _parsed(name: str, options: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Proper name and checked options."""
    word, written = RESAMPLERS.parse(name)
    settings = {**written, **options}
    info = RESAMPLERS[word]
    known = [each for each in inspect.signature(info.maker).parameters if each != "rows"]
    check_options("resampler", word, settings, known, info.spans)
    for option, allowed in info.words.items():
        if settings.get(option) not in (None, *allowed):
            raise UsageError(
                f"resampler {word!r}: {option.replace('_', '-')} takes {' or '.join(allowed)}, "
                f"not {settings[option]!r}."
            )
    whole = {each for each, span in info.spans.items() if span.whole}
    given = {each: value for each, value in settings.items() if value is not None}
    return word, {each: int(value) if each in whole else value for each, value in given.items()}


def _check_inputs(info: Resampler, rows: Rows) -> None:
    """Refuse inputs that rows cannot be made between."""
    if not info.only:
        return
    kinds = {"pixels": "images", "series": "series", "tokens": "text"}
    held = next((kinds[name] for name in rows.inputs if name in kinds), "")
    if held:
        raise UsageError(
            f"--resample {info.name} makes rows between rows of a table, and this data is {held}; take "
            "random-over-sampling, --balanced-batches or --class-weights yes."
        )
    categories = rows.inputs.get("categories", np.zeros((0, 0))).shape[1]
    if categories and "categories" not in info.only:
        raise UsageError(
            f"--resample {info.name} takes columns of numbers alone, and {categories} here hold "
            "categories; take smote, which can, or random-over-sampling."
        )
    if not rows.inputs["numbers"].shape[1]:
        raise UsageError(
            f"--resample {info.name} needs a column of numbers, and all {categories} hold categories; "
            "take random-over-sampling."
        )


def _put_together(examples: Examples, made: Made) -> Examples:
    if len(made.kept) == len(examples) and not len(made.target):
        return examples  # nothing was left out, repeated or made
    kept = examples.take(made.kept)
    assert kept.target is not None
    if not len(made.target):
        return kept
    inputs = {name: np.concatenate([kept.inputs[name], made.inputs[name]]) for name in kept.inputs}
    return Examples(inputs, np.concatenate([kept.target, made.target]))


def _told(rows: Rows, learnt: np.ndarray[Any, Any], made: Made) -> str:
    """What was done, in rows."""
    before = rows.counts
    changed = np.flatnonzero(before != learnt)
    clauses = list(made.notes)
    if not len(changed):
        clauses.insert(0, f"nothing changed: the largest of {int((before > 0).sum())} classes has enough")
        return "; ".join(clauses)
    moves = [f"{rows.classes[at]!r} {before[at]:,} to {learnt[at]:,}" for at in changed[:SHOWN]]
    more = f" and {len(changed) - SHOWN} more" if len(changed) > SHOWN else ""
    told = f"{before.sum():,} training rows became {learnt.sum():,} ({', '.join(moves)}{more})"
    shifted = "probabilities are those of these shares; validation rows stay as they are"
    return "; ".join([told, *clauses, shifted])
