"""Finding things by name: aliases, did-you-mean, plug-ins of other packages."""

from __future__ import annotations

import ast
import difflib
import importlib
import math
import pkgutil
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar

from gradwise.errors import UnknownNameError, UsageError

Thing = TypeVar("Thing")


class Registry(Generic[Thing]):
    """Techniques of one kind by their usual names.

    Args:
        kind: what they are, in messages, e.g. ``"optimizer"``.
        group: entry-point group in which other packages offer more of them.
        more: asked last for a name that nothing else knows, and for names that may have been meant.

    >>> activations = Registry[str]("activation")
    >>> activations.add("silu", "x * sigmoid(x)", aliases=("swish",))
    >>> activations["Swish"]
    'x * sigmoid(x)'
    >>> activations.name("swish")
    'silu'
    >>> activations["sulu"]
    Traceback (most recent call last):
        ...
    gradwise.errors.UnknownNameError: there is no activation 'sulu' (did you mean 'silu'?).
    """

    def __init__(self, kind: str, group: str = "", more: Mapping[str, Thing] | None = None) -> None:
        self.kind = kind
        self._group = group
        self._more: Mapping[str, Thing] = {} if more is None else more
        self._things: dict[str, Thing] = {}
        self._aliases: dict[str, str] = {}

    def add(self, name: str, thing: Thing, aliases: Iterable[str] = ()) -> None:
        """Offer ``thing`` as ``name``; a name is taken once.

        Raises:
            ValueError: the name or an alias is taken.
        """
        for word in (name, *aliases):
            if word in self._things or word in self._aliases:
                raise ValueError(f"{self.kind} {word!r} is taken.")
        self._things[name] = thing
        self._aliases.update(dict.fromkeys(aliases, name))

    def name(self, word: str) -> str:
        """The proper name that ``word`` (a name or an alias, any case, ``_`` for ``-``) stands for.

        Options after a colon are passed over; `parse` reads them.

        Raises:
            UnknownNameError: nothing is called so.
        """
        plain = word.partition(":")[0].lower().replace("_", "-").strip()
        plain = self._aliases.get(plain, plain)
        if plain not in self._things and self._group:
            for point in entry_points(group=self._group, name=plain):
                self._things[plain] = point.load()
        if plain not in self._things and plain in self._more:
            self._things[plain] = self._more[plain]
        if plain not in self._things:
            near = nearest(word.partition(":")[0], [*self._things, *self._aliases, *self._more])
            raise UnknownNameError(f"there is no {self.kind} {word!r}{near}.")
        return plain

    def parse(self, word: str) -> tuple[str, dict[str, Any]]:
        """Proper name and options of ``name`` or ``name:option=value,option=value``.

        Values are numbers, true, false, none, tuples in parentheses, or words.

        Raises:
            UnknownNameError: nothing is called so.
            UsageError: the options are not written so.

        >>> schedules = Registry[str]("schedule")
        >>> schedules.add("plateau", "divides the rate when nothing gets better")
        >>> schedules.parse("plateau:divide=5,patience=3")
        ('plateau', {'divide': 5, 'patience': 3})
        """
        name = self.name(word)
        return name, dict(_option(self.kind, word, part) for part in _parts(word.partition(":")[2]))

    def proper(self, word: str) -> str:
        """``word`` with the proper name and its options as they were written.

        Raises:
            UnknownNameError: nothing is called so.
            UsageError: the options cannot be read.
        """
        self.parse(word)
        _, colon, options = word.partition(":")
        return self.name(word) + colon + options

    def __getitem__(self, word: str) -> Thing:
        return self._things[self.name(word)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._things)

    def __len__(self) -> int:
        return len(self._things)

    def aliases(self, name: str) -> tuple[str, ...]:
        """Other words for ``name``."""
        return tuple(alias for alias, proper in self._aliases.items() if proper == name)


def declared(package: str, attribute: str, *, skip: Collection[str]) -> Iterator[Any]:
    """What the modules of ``package`` declare in tuples called ``attribute``, module by module.

    Args:
        package: dotted name.
        attribute: name of the tuple that each module holds.
        skip: modules of the package that declare nothing.
    """
    for info in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if info.name not in skip:
            yield from getattr(importlib.import_module(f"{package}.{info.name}"), attribute)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A module that another package offers through an entry point.

    Args:
        name: of the entry point.
        package: the distribution that offers it.
        module: what it points to; None when it could not be imported.
        problem: why not.
    """

    name: str
    package: str
    module: ModuleType | None
    problem: str = ""


def shipped(group: str) -> Iterator[Shipped]:
    """Modules that other packages offer in an entry-point group, by package and name.

    One that cannot be imported is told, and hides no other.
    """
    points = [(point.dist.name if point.dist else "", point) for point in entry_points(group=group)]
    for package, point in sorted(points, key=lambda one: (one[0], one[1].name)):
        try:
            module = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a stranger's module raises
            yield Shipped(point.name, package, None, f"{type(error).__name__}: {error}")
            continue
        if isinstance(module, ModuleType):
            yield Shipped(point.name, package, module)
        else:
            kind = type(module).__name__
            yield Shipped(point.name, package, None, f"{point.value} is {kind}, not a module")


_COMMA = re.compile(r",(?![^(]*\))")  # outside of parentheses


def split_names(names: str | Iterable[str]) -> list[str]:
    """Single names of a list with commas; a comma before ``option=value`` belongs to the name before.

    >>> split_names("flip, rotate:degrees=(0, 90),fill=border, cutout")
    ['flip', 'rotate:degrees=(0, 90),fill=border', 'cutout']
    """
    found: list[str] = []
    for text in [names] if isinstance(names, str) else names:
        for number, piece in enumerate(part.strip() for part in _COMMA.split(text)):
            if number and found and "=" in piece.partition(":")[0]:
                found[-1] += ("," if ":" in found[-1] else ":") + piece
            elif piece:
                found.append(piece)
    return found


def nearest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x' or 'y'?)`` for the closest known names, or "".

    >>> nearest("dead-rely", ["dead-relu", "loss-nan"])
    " (did you mean 'dead-relu'?)"
    """
    lowered = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower().replace("_", "-"), lowered, n=2, cutoff=0.6)
    if not close:
        return ""
    return " (did you mean " + " or ".join(repr(lowered[name]) for name in close) + "?)"


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers that an option takes.

    Args:
        low: the least of them.
        high: the largest.
        whole: whole numbers only.
        beyond: ``low`` itself is not one of them.

    >>> Span(1, beyond=True).refuses(0.5)
    'a number above 1'
    >>> Span(0, 1).refuses(0.5)
    ''
    """

    low: float
    high: float = math.inf
    whole: bool = False
    beyond: bool = False

    def refuses(self, value: object) -> str:
        """What is taken instead of ``value``; "" where it is taken."""
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            inside = self.low < value if self.beyond else self.low <= value
            if inside and value <= self.high and not (self.whole and value != int(value)):
                return ""
        what = "a whole number" if self.whole else "a number"
        if self.low == -math.inf:
            return what if self.high == math.inf else f"{what} up to {self.high:g}"
        if self.high == math.inf:
            return f"{what} above {self.low:g}" if self.beyond else f"{what} from {self.low:g} on"
        return (
            f"{what} {'above' if self.beyond else 'from'} {self.low:g} {'up ' * self.beyond}to {self.high:g}"
        )


def check_options(
    kind: str, name: str, given: Mapping[str, Any], known: Iterable[str], spans: Mapping[str, Span]
) -> None:
    """See that options exist and that their numbers are in range; None leaves an option to its default.

    Args:
        kind: of the technique, e.g. ``"schedule"``.
        name: of the technique.
        given: options with their values.
        known: options that it has.
        spans: of those that take numbers.

    Raises:
        UsageError: an option that it has not, or a value that the option does not take.
    """
    written = {word: word.replace("_", "-") for word in known}
    unknown = [word for word in given if word not in written]
    if unknown:
        takes = ", ".join(written.values()) or "none"
        near = nearest(unknown[0], written.values())
        raise UsageError(f"{kind} {name!r} has no option {', '.join(unknown)}{near}; it takes {takes}.")
    for word, value in given.items():
        wanted = spans[word].refuses(value) if word in spans and value is not None else ""
        if wanted:
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            raise UsageError(f"{kind} {name!r}: {written[word]} takes {wanted}, not {shown}.")


_WORDS: dict[str, Any] = {"true": True, "yes": True, "false": False, "no": False, "none": None}


def _parts(options: str) -> list[str]:
    return [part.strip() for part in _COMMA.split(options) if part.strip()]


def _option(kind: str, word: str, part: str) -> tuple[str, Any]:
    name, sign, text = (piece.strip() for piece in part.partition("="))
    if not (name and sign and text):
        raise UsageError(
            f"{kind} {word!r}: options are written name:option=value,option=value, not {part!r}."
        )
    name = name.replace("-", "_")
    if text.lower() in _WORDS:
        return name, _WORDS[text.lower()]
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return name, text
