"""What a setting may be in a search: one of some values, or a number of a range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from gradwise.errors import UsageError
from gradwise.registry import nearest

Value = str | int | float | bool
DEFAULT = "default"  # among the values of a setting: leave it to gradwise
_WORDS = ("low", "high", "log", "step", "int")


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values, in no order.

    >>> OneOf(("relu", "gelu")).closest("tanh")
    'relu'
    >>> OneOf((16, 64, 256)).closest(100)
    64
    """

    values: tuple[Value, ...]

    def closest(self, value: Any) -> Value:
        """The value itself, the nearest number, or the first."""
        if value in self.values:
            return value  # type: ignore[no-any-return]
        numbers = [each for each in self.values if _is_number(each)]
        if _is_number(value) and numbers:
            return min(numbers, key=lambda each: abs(float(each) - value))
        return self.values[0]

    def samples(self) -> tuple[Value, ...]:
        """Values that stand for all, to be checked."""
        return self.values

    def as_dict(self) -> dict[str, Any]:
        """For the record of a study."""
        return {"values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Between:
    """A number of a range, both ends included.

    Args:
        low: the least.
        high: the largest.
        log: equal shares for equal ratios.
        step: between two values that may come; None: any.
        whole: whole numbers only.

    >>> Between(1e-4, 1e-1, log=True).closest(0.5)
    0.1
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    def closest(self, value: Any) -> Value:
        """The nearest number of the range; of what is no number the least."""
        if not _is_number(value):
            return self._typed(self.low)
        inside = min(max(float(value), self.low), self.high)
        if self.step is not None:
            inside = min(self.high, self.low + round((inside - self.low) / self.step) * self.step)
        return self._typed(inside)

    def samples(self) -> tuple[Value, ...]:
        """Values that stand for all, to be checked."""
        return self._typed(self.low), self._typed(self.high)

    def as_dict(self) -> dict[str, Any]:
        """For the record of a study."""
        return asdict(self)

    def _typed(self, value: float) -> Value:
        return round(value) if self.whole else float(value)


Dimension = OneOf | Between


def read_dimension(name: str, given: Any, *, whole: bool) -> Dimension:
    """A dimension as it is written in a space file: a list of values, or a table with low and high.

    Args:
        name: of the setting, in messages.
        given: what stands in the file.
        whole: the setting takes whole numbers.

    Raises:
        UsageError: it is written otherwise.
    """
    if isinstance(given, list | tuple):
        return _one_of(name, list(given))
    if isinstance(given, Mapping):
        return _between(name, given, whole=whole)
    return _one_of(name, [given])


def _one_of(name: str, given: list[Any]) -> OneOf:
    if not given:
        raise UsageError(f"space: {name} has no values; list one at least, e.g. {name} = [...].")
    for each in given:
        if not isinstance(each, str | int | float | bool):
            raise UsageError(f"space: {name} lists words and numbers, not {each!r}.")
    twice = [each for at, each in enumerate(given) if each in given[:at]]
    if twice:
        raise UsageError(f"space: {name} lists {twice[0]!r} twice; leave one out.")
    return OneOf(tuple(given))


def _between(name: str, given: Mapping[str, Any], *, whole: bool) -> Between:
    for word in given:
        if word not in _WORDS:
            raise UsageError(
                f"space: the range of {name} has no {word!r}{nearest(word, _WORDS)}; it takes "
                f"{', '.join(_WORDS)}."
            )
    low, high = (_number(name, word, given) for word in ("low", "high"))
    log, as_int = (_flag(name, word, given) for word in ("log", "int"))
    step = _number(name, "step", given) if "step" in given else None
    if low > high:
        raise UsageError(f"space: {name} goes from {low:g} to {high:g}; low must not be above high.")
    if log and low <= 0:
        raise UsageError(f"space: {name} starts at {low:g}, and a log range needs a low above 0.")
    if log and step is not None:
        raise UsageError(f"space: {name} has log and step; leave one out.")
    if step is not None and step <= 0:
        raise UsageError(f"space: {name} takes a step above 0, not {step:g}.")
    whole = whole or as_int
    for word, value in (("low", low), ("high", high), ("step", step)):
        if whole and value is not None and value != int(value):
            raise UsageError(f"space: {name} takes whole numbers, and its {word} is {value:g}.")
    return Between(low, high, log, step, whole)


def _number(name: str, word: str, given: Mapping[str, Any]) -> float:
    if word not in given:
        raise UsageError(
            f"space: the range of {name} lacks {word}; write {name} = {{low = ..., high = ...}}."
        )
    value = given[word]
    if not _is_number(value) or not math.isfinite(value):
        raise UsageError(f"space: {word} of {name} takes a number, not {value!r}.")
    return float(value)


def _flag(name: str, word: str, given: Mapping[str, Any]) -> bool:
    value = given.get(word, False)
    if not isinstance(value, bool):
        raise UsageError(f"space: {word} of {name} takes true or false, not {value!r}.")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
