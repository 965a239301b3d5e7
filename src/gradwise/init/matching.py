"""Which weights of a file belong to which of a net: by name and shape, with a new last layer if need be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from gradwise.errors import UsageError

PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile, Lightning
COUNTER = "num_batches_tracked"  # files from before PyTorch 0.4.1 have none, and nothing depends on it
SHOWN = 3  # entries named in a message
MATRICES_FROM = 2  # dimensions
# Published DenseNets (torchvision) have norm.1 where the modules are called norm1.
_DOTTED = re.compile(r"\.(norm|relu|conv)\.([12])\.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A net's entries beside those of a file.

    Args:
        stored: weights of the file under the names that the net gives them, as far as they are known.
        own: entries of the net.
        fitting: names of entries that are in both, with the same shape.
        misshapen: names of those in both with other shapes.
        missing: names that the file has not.
        unknown: names that the net has not.
    """

    stored: Mapping[str, Tensor]
    own: Mapping[str, Tensor]
    fitting: tuple[str, ...]
    misshapen: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]

    def told(self, name: str) -> str:
        """What is wrong with an entry, as a clause."""
        if name not in self.own:
            return f"{name} {shape(self.stored[name])} is unknown here"
        if name not in self.stored:
            return f"{name} {shape(self.own[name])} is missing there"
        return f"{name} is {shape(self.own[name])} here and {shape(self.stored[name])} there"


@dataclass(frozen=True, slots=True)
class Matched:
    """What `load_weights` took.

    Args:
        taken: names of the entries that came from the file.
        total: entries that the net has.
        head: name of the last layer.
        fresh: names of its entries where they stay as they were drawn.
        outputs: of the last layer there, None where the file has none, and here.
        missing: other entries that the file has not: small ones only.
        left_over: first parts of the names that only the file has, e.g. ``aux1`` of auxiliary heads.
    """

    taken: tuple[str, ...]
    total: int
    head: str
    fresh: tuple[str, ...] = ()
    outputs: tuple[int | None, int] = (None, 0)
    missing: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for the user."""
        parts = [f"{len(self.taken)} of {self.total} entries matched"]
        there, here = self.outputs
        if any(name.rpartition(".")[0] == self.head for name in self.fresh):
            why = f"{there} outputs there, {here} here"
            if there is None:
                why = "the file has none"
            elif there == here:
                why = f"its {here} outputs stood for other answers"
            parts.append(f"{self.head} stays fresh: {why}")
        beside = [name for name in self.fresh if name.rpartition(".")[0] != self.head]
        if beside:
            parts.append(f"so do {_some(beside)}")
        if self.missing:
            parts.append(f"missing there: {_some(self.missing)}")
        if self.left_over:
            parts.append(f"left over there: {', '.join(self.left_over)}")
        return "; ".join(parts)


def compare(net: nn.Module, state: Mapping[str, Tensor], leave: Sequence[str] = ()) -> Comparison:
    """The entries of a net beside those of a file, whose names may come with the prefix of a wrapper.

    Args:
        net: whose ``state_dict`` is compared.
        state: weights by name.
        leave: prefixes of entries that are no matter of weights.
    """
    own = {name: value for name, value in net.state_dict().items() if not name.startswith(tuple(leave))}
    stored = {name: value for name, value in _named(state, own).items() if not name.startswith(tuple(leave))}
    both = [name for name in own if name in stored]
    same = [name for name in both if own[name].shape == stored[name].shape]
    return Comparison(
        stored,
        own,
        fitting=tuple(same),
        misshapen=tuple(name for name in both if name not in set(same)),
        missing=tuple(name for name in own if name not in stored),
        unknown=tuple(name for name in stored if name not in own),
    )


def load_weights(
    net: nn.Module,
    state: Mapping[str, Tensor],
    *,
    source: str = "the file",
    leave: Sequence[str] = (),
    fresh_head: bool = False,
    side: Sequence[str] = (),
) -> Matched:
    """Copy the weights that a net was trained with elsewhere; its last layer may be another one.

    Everything must fit but the last layer, which stays as it is drawn where the file has another number of
    outputs.  The file may hold parts that the net has not at all, such as auxiliary heads.

    Args:
        net: changed in place.
        state: weights by name, in the net's own names, with or without the prefix of a wrapper.
        source: what the file is called in messages.
        leave: prefixes of entries that stay as they are.
        fresh_head: whether the last layer stays as it is drawn in any case.
        side: prefixes of parts that may stay as they are drawn where they do not fit, e.g. auxiliary heads.

    Raises:
        UsageError: nothing matches, a shape is wrong, or the file is that of a larger or smaller net.

    >>> old, new = (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, classes)) for classes in (10, 3))
    >>> print(load_weights(new, old.state_dict()))
    2 of 4 entries matched; 2 stays fresh: 10 outputs there, 3 here
    >>> torch.equal(new[0].weight, old[0].weight)
    True
    """
    found = compare(net, state, leave)
    head = last_layer(net)
    of_head = [name for name in found.own if name.rpartition(".")[0] == head]
    fresh = _fresh(found, of_head, always=fresh_head)
    aside = [name for name in (*found.misshapen, *found.missing) if name.startswith(tuple(side))]
    fresh += [name for name in aside if name not in fresh]
    _check(found, fresh, head, source)
    taken = tuple(name for name in found.fitting if name not in fresh)
    bad = next((name for name in taken if not found.stored[name].isfinite().all()), None)
    if bad is not None:
        raise UsageError(f"{source} holds values in {bad} that are no numbers; take another file.")
    _copy(found, taken)
    missing = tuple(name for name in found.missing if name not in fresh and not name.endswith(COUNTER))
    counters = [name for name in found.missing if name.endswith(COUNTER)]
    weight = next((name for name in of_head if found.own[name].ndim >= MATRICES_FROM), "")
    there = len(found.stored[weight]) if weight in found.stored else None
    here = len(found.own[weight]) if weight else 0
    left_over = tuple(dict.fromkeys(name.partition(".")[0] for name in found.unknown))
    total = len(found.own) - len(counters)
    return Matched(taken, total, head, tuple(fresh), (there, here), missing, left_over)


def last_layer(net: nn.Module) -> str:
    """Name of the last module that holds a matrix or filters; "" where there is none.

    >>> last_layer(nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 1), nn.Sigmoid()))
    '2'
    """
    last = ""
    for name, module in net.named_modules():
        if any(weight.ndim >= MATRICES_FROM for weight in module.parameters(recurse=False)):
            last = name
    return last


@torch.no_grad()
def _copy(found: Comparison, names: Collection[str]) -> None:
    for name in names:
        found.own[name].copy_(found.stored[name])


def _fresh(found: Comparison, of_head: Sequence[str], *, always: bool) -> list[str]:
    """Entries of the last layer that are not taken; all of them, where one has another number of outputs."""
    if always:
        return list(of_head)
    for name in of_head:
        there = found.stored.get(name)
        if there is None or (
            there.shape != found.own[name].shape and there.shape[1:] == found.own[name].shape[1:]
        ):
            return list(of_head)
    return []


def _check(found: Comparison, fresh: Collection[str], head: str, source: str) -> None:
    """Refuse what is of another net."""
    if not found.fitting and not found.misshapen:
        mine, theirs = (next(iter(names), "nothing") for names in (found.own, found.stored))
        raise UsageError(
            f"{source} is of another net: none of its {len(found.stored)} entries is one of this net's "
            f"{len(found.own)}; expected first {mine} {_shape_in(found.own, mine)}, found first {theirs} "
            f"{_shape_in(found.stored, theirs)}."
        )
    wrong = [name for name in found.misshapen if name not in fresh]
    if wrong:
        raise UsageError(f"{source} does not fit this net: {_some([found.told(name) for name in wrong])}.")
    large = [name for name in found.missing if name not in fresh and found.own[name].ndim >= MATRICES_FROM]
    if large:
        raise UsageError(
            f"{source} is of a smaller or another net: {_some([found.told(name) for name in large])}; take "
            "the net that it is of, or --init pretrained:path=...,partial=yes, which takes what fits."
        )
    tops = {name.partition(".")[0] for name in found.own}
    more = [
        name
        for name in found.unknown
        if name.partition(".")[0] in tops and not (fresh and name.startswith(f"{head}."))
    ]
    if more:
        raise UsageError(
            f"{source} is of a larger or another net: {_some([found.told(name) for name in more])}; take the "
            "net that it is of."
        )


def _named(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by the names that make most of them known: without, or with, the prefixes of wrappers."""
    best = dict(state)
    while True:
        better = max([best, *_renamed(best)], key=lambda named: len(named.keys() & own.keys()))
        if better is best:
            return best
        best = better


def _renamed(state: Mapping[str, Tensor]) -> Iterator[dict[str, Tensor]]:
    changes: list[Callable[[str], str]] = [_stripped, lambda name: _DOTTED.sub(r".\1\2.", name)]
    for prefix in PREFIXES:
        changes += [partial(_without, prefix), prefix.__add__]
    for change in changes:
        yield {change(name): value for name, value in state.items()}


def _without(prefix: str, name: str) -> str:
    return name.removeprefix(prefix)


def _stripped(name: str) -> str:
    """Without any prefix of a wrapper, however many stand one before the other."""
    while cut := next((prefix for prefix in PREFIXES if name.startswith(prefix)), ""):
        name = name.removeprefix(cut)
    return name


def _some(names: Sequence[str]) -> str:
    more = f" (and {len(names) - SHOWN} more)" if len(names) > SHOWN else ""
    return ("; " if any(" " in name for name in names) else ", ").join(names[:SHOWN]) + more


def _shape_in(state: Mapping[str, Tensor], name: str) -> str:
    return f"({shape(state[name])})" if name in state else ""


def shape(value: Tensor) -> str:
    """The sizes of a tensor, for messages.

    >>> shape(torch.ones(3, 2)), shape(torch.tensor(1.0))
    ('3×2', 'a number')
    """
    return "×".join(map(str, value.shape)) or "a number"
