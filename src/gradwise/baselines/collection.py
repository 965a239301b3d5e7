"""All classical models, found by walking this package, and making one by name."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any

from gradwise.baselines.baseline import NOTHING, Baseline, Case, Kind
from gradwise.baselines.guessing import GUESSING
from gradwise.errors import UnknownNameError, UsageError
from gradwise.registry import Registry, check_options, nearest, split_names

# Modules of this package that hold no models; some of them import scikit-learn, which takes a second.
_NOT_BASELINES = {
    "baseline", "blocks", "collection", "comparing", "features", "folds", "guessing", "intervals", "kernels",
    "listening", "nearest", "no_clusters", "planning", "quick", "results", "scoring", "silhouettes",
    "targets", "trial", "working",
}  # fmt: skip

BASELINES = Registry[Baseline]("baseline", group="gradwise.baselines")
for _module in pkgutil.iter_modules(importlib.import_module("gradwise.baselines").__path__):
    if _module.name not in _NOT_BASELINES and not _module.name.startswith("cluster"):
        _found = importlib.import_module(f"gradwise.baselines.{_module.name}")
        for _each in getattr(_found, "BASELINES", ()):
            BASELINES.add(_each.name, _each, (*_each.aliases, *_each.presets))


def parse(word: str, more: Mapping[str, Any] = NOTHING) -> tuple[Baseline, dict[str, Any]]:
    """The model that a name stands for, and its options, checked.

    Args:
        word: a name or alias of `BASELINES`, with options after a colon: ``svm:kernel=poly,degree=2``.
        more: options that win over those in the name.

    Raises:
        UnknownNameError: nothing is called so.
        UsageError: an option that it has not, or a value that it does not take.

    >>> parse("svm-rbf:c=10")[1]
    {'kernel': 'rbf', 'c': 10}
    """
    name, written = BASELINES.parse(word)
    model = BASELINES[name]
    plain = word.partition(":")[0].lower().replace("_", "-").strip()
    given = {each.lower(): value for each, value in {**written, **more}.items()}
    options = {
        each: value for each, value in {**model.presets.get(plain, {}), **given}.items() if value is not None
    }
    known = [each for each in inspect.signature(model.build).parameters if each != "case"]
    single = {
        each: span for each, span in model.spans.items() if options.get(each) not in model.words.get(each, ())
    }
    check_options("baseline", name, options, known, single)
    for option, allowed in model.words.items():
        if option not in options or options[option] in allowed or option in model.spans:
            continue  # a number was looked at above
        near = nearest(str(options[option]), allowed)
        raise UsageError(
            f"baseline {name!r}: {option.replace('_', '-')} takes {' or '.join(allowed)}, "
            f"not {options[option]!r}{near}."
        )
    whole = {each for each, span in single.items() if span.whole}
    return model, {each: int(value) if each in whole else value for each, value in options.items()}


def make(name: str, kind: Kind = "classes", *, rows: int = 0, columns: int = 1, **options: Any) -> Any:
    """An estimator of scikit-learn by name; scaling is left to whoever uses it.

    Args:
        name: a name or alias of `BASELINES`, with options after a colon.
        kind: of the target.
        rows: that it is to learn from, where known; some models take another form for many.
        columns: of the features, where known.
        **options: of the model; they win over those in the name.

    Raises:
        UnknownNameError: nothing is called so.
        UsageError: an option that it has not, or a target that it is not for.

    >>> make("ridge:alpha=2", "numbers")
    Ridge(alpha=2)
    """
    model, settings = parse(name, options)
    if kind not in model.kinds:
        raise UsageError(_other_kind(model, kind))
    case = Case(kind, rows, columns)
    return model.build(case, **{**model.grid(case)[0], **settings})


def names_for(kind: Kind) -> list[str]:
    """What a comparison shows for such a target, in the order of the cost.

    >>> names_for("numbers")[-1]
    'svr'
    """
    shown = [(model.fit_power, model.rows or (model.name,)) for model in _models() if kind in model.kinds]
    return [name for _, names in sorted(shown, key=lambda item: item[0]) for name in names]


def choose(kind: Kind, only: str | Iterable[str] = (), skip: str | Iterable[str] = ()) -> list[str]:
    """Names of the models to be compared; the bare name of a family stands for all of its rows.

    Args:
        kind: of the target.
        only: these; none given: all that are for such a target.
        skip: without these.

    Raises:
        UnknownNameError: a name that nothing bears.
        UsageError: one that is not for such a target, or nothing is left.

    >>> choose("classes", only="svm", skip="svm-poly")
    ['svm-linear', 'svm-rbf', 'svm-sigmoid']
    """
    wanted, left_out = split_names(only), split_names(skip)
    check_names([*wanted, *left_out])
    chosen: list[str] = []
    for word in wanted:
        model, _ = parse(word)
        if kind not in model.kinds:
            raise UsageError(_other_kind(model, kind))
        chosen += [name for name in _rows_of(word) if name not in chosen]
    gone = {_key(name) for word in left_out for name in _rows_of(word)}
    left = [name for name in (chosen or names_for(kind)) if _key(name) not in gone]
    if not left:
        raise UsageError("--skip leaves no model to compare; name fewer.")
    return left


def check_names(words: Iterable[str]) -> None:
    """See that each names a model that predicts, before anything is read.

    Raises:
        UnknownNameError: a name that nothing bears.
        UsageError: options that cannot be used, or a model that predicts nothing.
    """
    for word in words:
        if word.strip().lower() == GUESSING.name:
            raise UsageError("guessing is always in the table; name other models.")
        try:
            model, _ = parse(word)
        except UnknownNameError as error:
            known = ", ".join(model.name for model in _models() if model.kinds)
            raise UnknownNameError(f"{str(error).rstrip('.')}; there are {known}.") from error
        if not model.kinds:
            raise UsageError(f"{model.name!r} groups rows and predicts nothing; leave it out.")


def _models() -> list[Baseline]:
    return [BASELINES[name] for name in BASELINES]


def _rows_of(word: str) -> tuple[str, ...]:
    """The rows that a word stands for: those of a family where it is bare, else itself."""
    model = BASELINES[word]
    name, colon, options = word.lower().partition(":")
    name = name.replace("_", "-").strip()
    if colon or name in model.presets:
        return (name + colon + options.strip(),)
    return model.rows or (model.name,)


def _key(word: str) -> tuple[str, str]:
    model, options = parse(word)
    return model.name, repr(sorted(options.items()))


def _other_kind(model: Baseline, kind: Kind) -> str:
    what: Mapping[str, str] = {"classes": "classes", "labels": "labels", "numbers": "numbers"}
    fit = ", ".join(other.name for other in _models() if kind in other.kinds)
    takes = " and ".join(what[each] for each in model.kinds) or "no target"
    return f"baseline {model.name!r} is for {takes}, and this target holds {what[kind]}; take one of {fit}."
