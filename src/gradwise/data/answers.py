"""What is to be said of an image, a series or a text: one row of target cells for each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl

from gradwise.data import cells
from gradwise.data.examples import Array, Choice
from gradwise.data.target import Target, take_target
from gradwise.data.target_coder import TargetCoder
from gradwise.errors import UsageError

SHOWN = 3  # names told in one sentence before "and 5 more"
_CLASSES_SHOWN = 8  # classes told with their counts


def class_target(words: Iterable[str], name: str = "class") -> Target:
    """One class per example, as folder names or label files give it.

    >>> class_target(["cat", "dog", "cat"]).strata()
    array([0, 1, 0])
    """
    frame = pl.DataFrame({name: pl.Series(list(words), dtype=pl.String)})
    return Target(frame, "classes", np.arange(1, frame.height + 1))


def frame_target(
    frame: pl.DataFrame, targets: Sequence[str], task: str = "auto"
) -> tuple[pl.DataFrame, Target | None, tuple[Choice, ...]]:
    """The target columns of a table, the other columns, and the choices; no target where none is asked for.

    Raises:
        UsageError: see `gradwise.data.target.take_target`.
    """
    return take_target(frame, targets, task) if targets else (frame, None, ())


def target_of_rows(target: Target | None, rows: Array) -> Target | None:
    """The target of these rows only."""
    if target is None or len(rows) == target.frame.height:
        return target
    return Target(target.frame[rows.tolist()], target.kind, target.rows[rows], target.separator)


def fitted_coder(target: Target | None, rows: Array, how: str) -> TargetCoder:
    """What turns target cells into arrays, fitted on the training rows.

    Raises:
        UsageError: there is no target, and ``how`` says how to give one; or see `TargetCoder.fit`.
    """
    if target is None:
        raise UsageError(f"no target is known, so there is nothing to learn: {how}")
    return TargetCoder.fit(target, rows)


def coded(coder: TargetCoder, target: Target | None, rows: Array | None) -> Array | None:
    """Targets of ``rows`` as arrays, where they are known."""
    if target is None:
        return None
    everything = coder.encode(target)
    return everything if rows is None else everything[rows]


def told(target: Target | None, thing: str) -> list[str]:
    """Lines that tell what the target is; classes with how often each occurs, and those that occur once."""
    if target is None:
        return []
    names = several([repr(name) for name in target.names], _CLASSES_SHOWN)
    if target.kind != "classes":
        return [f"target {names}: {target.kind}"]
    counts = cells.words(target.frame.to_series()).value_counts(sort=True)
    rows = counts.sort("count", counts.columns[0], descending=[True, False]).rows()
    shown = several([f"{word} {count:,}" for word, count in rows], _CLASSES_SHOWN)
    lines = [f"target {names}: {len(rows):,} classes ({shown})"]
    single = [word for word, count in rows if count == 1]
    if single:
        lines.append(f"target {names}: only one {thing} of {several(single)}")
    return lines


def target_digest(target: Target | None) -> bytes:
    """Digest of the target cells."""
    if target is None:
        return b""
    return digest(*(words_digest(cells.words(series)) for series in target.frame))


def words_digest(words: pl.Series) -> bytes:
    """Digest of texts in their order."""
    kept = hashlib.blake2b(digest_size=16)
    for start in range(0, len(words), 10_000):
        part = words.slice(start, 10_000).to_list()
        kept.update(
            "\0".join("\1" if word is None else word for word in part).encode("utf-8", "surrogatepass")
        )
    return kept.digest()


def digest(*parts: bytes | Array) -> bytes:
    """16 bytes that stand for the parts in their order; about 1 GB/s."""
    kept = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, bytes):
            kept.update(len(part).to_bytes(8, "little") + part)
            continue
        kept.update(f"{part.dtype.str}{part.shape}".encode())
        for start in range(0, len(part), 1024):  # rows copied at once
            kept.update(np.ascontiguousarray(part[start : start + 1024]).view(np.uint8).data)
    return kept.digest()


def choices_state(choices: Iterable[Choice]) -> list[dict[str, str]]:
    """Choices as JSON can hold them."""
    return [asdict(choice) for choice in choices]


def choices_from(state: Iterable[dict[str, Any]]) -> tuple[Choice, ...]:
    """What `choices_state` wrote."""
    return tuple(Choice(**choice) for choice in state)


def several(names: Sequence[Any], shown: int = SHOWN) -> str:
    """The first few names, and how many more there are.

    >>> several(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    some = ", ".join(str(name) for name in names[:shown])
    return some if len(names) <= shown else f"{some} and {len(names) - shown:,} more"
