"""What a classical model declares, and what it is told of the rows that it is to learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from gradwise.registry import Span

Kind = Literal["classes", "labels", "numbers"]
CLASSES: tuple[Kind, ...] = ("classes", "labels")
NUMBERS: tuple[Kind, ...] = ("numbers",)
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Case:
    """The rows that a model is to learn from, as far as its form depends on them.

    Args:
        kind: of the target: ``classes``, ``labels`` or ``numbers``.
        rows: that it learns from.
        columns: features of a row.
        outputs: columns of the target.
        words: features are counts of words, in a sparse matrix.
        flags: all features are 0 or 1 (and are not standardised).
        balanced: classes weigh the same, however many rows they have.
        seed: of what is drawn.
    """

    kind: Kind
    rows: int
    columns: int
    outputs: int = 1
    words: bool = False
    flags: bool = False
    balanced: bool = False
    seed: int = 0

    @property
    def weight(self) -> str | None:
        """``class_weight`` as scikit-learn takes it."""
        return "balanced" if self.balanced else None


def _no_search(case: Case) -> Sequence[Mapping[str, Any]]:  # noqa: ARG001  the form of all grids
    return ({},)


def _takes_all(case: Case, options: Mapping[str, Any]) -> str:  # noqa: ARG001  the form of all refusals
    return ""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A classical model by name.

    Args:
        name: its usual name.
        build: called with a `Case` and options, gives an estimator of scikit-learn's form.
        summary: one clause.
        kinds: of targets that it is for.
        grid: settings that are tried, the usual one first; each is a set of options of ``build``.
        rows: names under which a comparison shows it; () for its own name.
        aliases: other names.
        presets: options that some names stand for, e.g. ``svm-rbf`` for ``kernel=rbf``.
        spans: of options that take numbers.
        words: of options that take one of some words (those that take both stand in both).
        raw_words: counts of words come to it as they are; to others each row weighted (tf-idf) to length 1.
        plain: leaves out of a setting what means nothing beside its other options.
        blind: it looks at no column, so nothing is scaled for it.
        refuses: why it is not for this case with these options; "" where it is.
        variant: what it does beyond as many rows as it can take whole; "" where that is nothing.
        fit_power: the time of a fit grows with rows to this power.
        predict_power: the time of a prediction grows with the training rows to this power.
        most_rows: that it takes at most, of such a case.
    """

    name: str
    build: Callable[..., Any]
    summary: str
    kinds: tuple[Kind, ...]
    grid: Callable[[Case], Sequence[Mapping[str, Any]]] = _no_search
    rows: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: NOTHING)
    spans: Mapping[str, Span] = field(default_factory=lambda: NOTHING)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    raw_words: bool = False
    blind: bool = False
    plain: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    refuses: Callable[[Case, Mapping[str, Any]], str] = _takes_all
    variant: Callable[[Case, Mapping[str, Any]], str] = _takes_all
    fit_power: float = 1.0
    predict_power: float = 0.0
    most_rows: Callable[[Case], int] = lambda case: case.rows

    def settings(self, case: Case, options: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The settings to be tried, each once; options that are given are not searched."""
        tried: list[dict[str, Any]] = []
        for setting in self.grid(case):
            whole = self.plain({**setting, **options})
            if whole not in tried:
                tried.append(whole)
        return tried
