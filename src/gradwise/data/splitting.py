"""Rows for training, validation and test: by class, by time or by group, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwise.data.examples import Array, Choice, Source, Split
from gradwise.errors import UsageError


def split(source: Source, *, valid: float = 0.2, test: float = 0.0, seed: int = 0) -> Split:
    """Part the rows of a source; each part is in the order of the file.

    Rows with moments are parted by time (the latest are kept for validation and test); rows with groups keep
    each group on one side; rows with classes keep the share of each class, and every class with
    enough rows is in every part.

    Args:
        source: N rows.
        valid: share of rows for validation.
        test: share of rows for the test.
        seed: of the shuffling.

    Raises:
        UsageError: too few rows, or groups, for the parts asked for.
    """
    shares = [share for share in (test, valid) if share > 0]
    _check_shares(valid, test)
    rows, parts = len(source), 1 + len(shares)
    if rows < parts:
        raise UsageError(_too_few("row", rows, parts))
    if source.groups is not None:
        side, how, why = _by_group(source.groups, source.moments, shares, seed)
    elif source.moments is not None:
        side, how, why = _by_time(source.moments, shares)
    else:
        strata = source.strata()
        side, how, why = (
            _by_class(strata, shares, seed) if strata is not None else _by_chance(rows, shares, seed)
        )
    kept = [np.flatnonzero(side == part) for part in range(parts)]
    empty = np.zeros(0, np.int64)
    tested = kept[1] if test > 0 else empty
    validated = kept[-1] if valid > 0 else empty
    sizes = f"{len(kept[0]):,} rows to train, {len(validated):,} to validate"
    sizes += f", {len(tested):,} to test" if test > 0 else ""
    return Split(kept[0], validated, tested, (Choice("split", how, f"{sizes}; {why}"),))


def _check_shares(valid: float, test: float) -> None:
    for name, share in (("--valid", valid), ("--test", test)):
        if not 0 <= share < 1:
            raise UsageError(f"{name} takes a share from 0 to below 1, not {share:g}.")
    if valid + test >= 1:
        raise UsageError(f"--valid {valid:g} and --test {test:g} leave no rows to train on; lower one.")


def _too_few(what: str, held: int, parts: int) -> str:
    needed = {1: "training", 2: "training and validation", 3: "training, validation and test"}[parts]
    more = "Give more data" + (", or --valid 0." if parts > 1 else ".")
    return f"{needed} need {parts} {what}s at least, and there {'is' if held == 1 else 'are'} {held}. {more}"


def _sizes(rows: int, shares: Sequence[float]) -> list[int]:
    """Rows of every part after the first: at least one each, and one left for the first.

    >>> _sizes(10, [0.2]), _sizes(2, [0.1]), _sizes(3, [0.9])
    ([2], [1], [2])
    """
    sizes: list[int] = []
    for at, share in enumerate(shares):
        others = len(shares) - 1 - at
        room = rows - sum(sizes) - 1 - others
        sizes.append(max(1, min(round(rows * share), room)))
    return sizes


def _by_chance(rows: int, shares: Sequence[float], seed: int) -> tuple[Array, str, str]:
    order = np.random.default_rng(seed).permutation(rows)
    side = np.zeros(rows, np.int8)
    start = 0
    for part, size in enumerate(_sizes(rows, shares), start=1):
        side[order[start : start + size]] = part
        start += size
    return side, "by chance", f"rows are taken as independent, seed {seed}"


def _by_class(strata: Array, shares: Sequence[float], seed: int) -> tuple[Array, str, str]:
    """Every class in the same shares; a class with fewer rows than parts goes to the first parts."""
    counts = np.bincount(strata)
    shuffled = np.random.default_rng(seed).permutation(len(strata))
    order = shuffled[np.argsort(strata[shuffled], kind="stable")]  # class by class, by chance within
    side = np.zeros(len(strata), np.int8)
    start = 0
    for count in counts:
        for part, size in enumerate(_sizes_of_class(int(count), shares), start=1):
            side[order[start : start + size]] = part
            start += size
        start += int(count) - sum(_sizes_of_class(int(count), shares))
    if len(np.unique(side)) <= len(shares):  # the classes are so small that a part got nothing
        side, how, _ = _by_chance(len(strata), shares, seed)
        return side, how, f"the classes have too few rows to share out, seed {seed}"
    held = counts[counts > 0]
    single = int((held == 1).sum())
    why = f"each of {len(held)} classes in the same shares, seed {seed}"
    if single:
        why += f"; {single} {'class has' if single == 1 else 'classes have'} one row, which is trained on"
    return side, "stratified by class", why


def _sizes_of_class(count: int, shares: Sequence[float]) -> list[int]:
    """Rows of one class in every part after the first; scarce classes fill training, then validation.

    >>> _sizes_of_class(1, [0.2]), _sizes_of_class(2, [0.1, 0.2]), _sizes_of_class(100, [0.1, 0.2])
    ([0], [0, 1], [10, 20])
    """
    if count > len(shares):
        return _sizes(count, shares)
    return [int(count - 1 >= len(shares) - at) for at in range(len(shares))]


def _by_time(moments: Array, shares: Sequence[float]) -> tuple[Array, str, str]:
    """The latest rows apart; rows of one moment stay together where that leaves rows on both sides."""
    order = np.argsort(moments, kind="stable")
    sizes = _sizes(len(moments), shares)
    ends = _cut_between(moments[order], sizes)
    side = np.zeros(len(moments), np.int8)
    # shares come as test, validation: the test is the latest, validation lies before it
    for part, (low, high) in enumerate(ends, start=1):
        side[order[low:high]] = part
    why = "the latest rows are kept apart, as a net is used on what comes after its training"
    if bool((np.diff(moments) < 0).any()):
        why += "; the file is not in order of time, and was sorted for this"
    return side, "by time", why


def _cut_between(ordered: Array, sizes: Sequence[int]) -> list[tuple[int, int]]:
    """(from, to) of every part after the first, the last part of time first."""
    ends, high = [], len(ordered)
    for at, size in enumerate(sizes):
        others = len(sizes) - 1 - at
        low = max(high - size, 1 + others)
        first = int(np.searchsorted(ordered, ordered[low], side="left"))
        after = int(np.searchsorted(ordered, ordered[low], side="right"))
        near = [cut for cut in (first, after) if 1 + others <= cut < high]
        low = min(near, key=lambda cut: abs(cut - low)) if near else low
        ends.append((low, high))
        high = low
    return ends


def _by_group(
    groups: Array, moments: Array | None, shares: Sequence[float], seed: int
) -> tuple[Array, str, str]:
    """Whole groups apart, by chance or latest first, until each part has its share of rows."""
    ids, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(ids) < 1 + len(shares):
        raise UsageError(_too_few("group", len(ids), 1 + len(shares)))
    if moments is None:
        order, how = np.random.default_rng(seed).permutation(len(ids)), f"by chance, seed {seed}"
    else:
        last = (
            np.full(len(ids), np.iinfo(np.int64).min)
            if moments.dtype.kind == "i"
            else np.full(len(ids), -np.inf)
        )
        np.maximum.at(last, inverse, moments)
        order, how = np.argsort(-last, kind="stable"), "the latest ones apart"
    side, start = np.zeros(len(ids), np.int8), 0
    for part, share in enumerate(shares, start=1):
        others = len(shares) - part
        reached, wanted = 0, share * len(groups)
        room = len(ids) - 1 - others
        taken = start
        # a group is taken while that brings the part nearer to its share
        while taken < room and (
            taken == start or abs(reached + counts[order[taken]] - wanted) < wanted - reached
        ):
            reached += int(counts[order[taken]])
            taken += 1
        side[order[start:taken]] = part
        start = taken
    return side[inverse], "by group", f"each of {len(ids):,} groups on one side, {how}"
