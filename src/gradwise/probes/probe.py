"""The form of a probe: a declaration beside one function.

A probe module holds a docstring (its page, in the form of a rule's), one `Probe` named ``PROBE``
and one function ``run(bench)`` that returns what it measured.  `gradwise.probes.collection` finds
the modules by walking the package, so adding a probe touches no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from gradwise.probes.bench import Bench

Need = Literal["batch", "optimizer", "initial", "weights"]
Status = Literal["answered", "abstained"]

# What a probe may ask for, and the sentence where it is missing.
NEEDS: Mapping[Need, str] = {
    "batch": "no training step could be repeated",
    "optimizer": "no single optimizer takes the steps",
    "initial": "the first weights were not kept and cannot be drawn again",
    "weights": "the model has no weights to train",
}


class Abstain(Exception):  # noqa: N818  no error: a probe that cannot answer says why
    """Raised by a probe that cannot answer; its text says why, as a lower-case clause."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Declaration of a probe.

    Args:
        name: in kebab-case; what is tried.
        summary: what it tells, in at most a dozen words.
        needs: what must have been captured.
        since: gradwise version that introduced it.
    """

    name: str
    summary: str
    needs: tuple[Need, ...]
    since: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe found out.

    Args:
        text: the answer as a lower-case clause with its numbers.
        verdict: one word that rules and the order of findings read.
        data: all measured numbers, as JSON can hold them.
    """

    text: str
    verdict: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LoadedProbe:
    """A probe with its function and its page, as the collection hands it out."""

    declaration: Probe
    run: Callable[[Bench], Answer]
    page: str
    module: str
