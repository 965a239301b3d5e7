"""Every technique that has a page: the docstring of the file that holds it, read without importing it.

A file holds a technique where its docstring has the section ``What it is``; its name is that of the file.  A
page of nets tells of a family: its members and their aliases are the names under ``Also called``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from gradwise.errors import UnknownNameError
from gradwise.registry import nearest

# Kind of technique: the folders below the package that hold its files.
PLACES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "optimizer": ("optim",),
        "schedule": ("optim/schedules",),
        "initialiser": ("init",),
        "normalization": ("nets/norms", "data/scaling"),
        "activation": ("nets/activations",),
        "loss": ("losses",),
        "regulariser": ("regularize",),
        "augmentation": ("augment",),
        "resampler": ("data/resampling",),
        "imbalance": ("data/imbalance",),
        "net": ("nets",),
        "transfer": ("train/transfer",),
        "search": ("search",),
        "baseline": ("baselines",),
        "probe": ("probes",),
    }
)
_PLURALS: Mapping[str, str] = MappingProxyType(
    {"loss": "losses", "search": "searches", "imbalance": "imbalance", "transfer": "transfer"}
)
HEADINGS = (
    "What it is",
    "Also called",
    "Formula",
    "Shapes",
    "Defaults",
    "When",
    "When not",
    "Confused with",
    "Example",
    "Claims",
    "References",
)
OPTIONAL = ("Also called", "Shapes")
_MARK = re.compile(r"^What it is$", flags=re.MULTILINE)
_ALIASES = re.compile(r"^Also called\n((?:    .*\n)+)", flags=re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique and its page.

    Args:
        name: its usual name.
        kind: a key of `PLACES`.
        aliases: other names; of a family, its members and theirs.
        module: dotted name of the file.
        page: its docstring.
    """

    name: str
    kind: str
    aliases: tuple[str, ...]
    module: str
    page: str

    @property
    def summary(self) -> str:
        """The first line of the page."""
        return self.page.strip().partition("\n")[0]


def plural(kind: str) -> str:
    """What several techniques of a kind are called, for headings.

    >>> plural("loss"), plural("optimizer")
    ('losses', 'optimizers')
    """
    return _PLURALS.get(kind, kind + "s")


@cache
def techniques() -> tuple[Technique, ...]:
    """All of them, kind by kind, in the order of their names."""
    return tuple(found for kind, places in PLACES.items() for place in places for found in _held(kind, place))


def find_techniques(name: str) -> list[Technique]:
    """Those of that name or alias, in any case and with ``_`` for ``-``; a kind may stand before it.

    >>> [(found.kind, found.name) for found in find_techniques("optimizer:Adam")]
    [('optimizer', 'adam')]
    >>> [(found.kind, found.name) for found in find_techniques("lstm")]
    [('net', 'recurrent')]
    """
    kind, _, word = name.strip().lower().replace("_", "-").rpartition(":")
    return [
        found for found in techniques() if word in (found.name, *found.aliases) and kind in ("", found.kind)
    ]


def find_technique(name: str) -> Technique:
    """The first technique of that name.

    Raises:
        UnknownNameError: there is none.
    """
    found = find_techniques(name)
    if not found:
        known = [word for each in techniques() for word in (each.name, *each.aliases)]
        raise UnknownNameError(f"there is no technique {name!r}{nearest(name, known)}.")
    return found[0]


def _held(kind: str, place: str) -> Iterator[Technique]:
    folder = files("gradwise").joinpath(place)
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        page = _docstring(file) if file.name.endswith(".py") else ""
        if _MARK.search(page):
            stem = file.name.removesuffix(".py")
            module = ".".join(["gradwise", *place.split("/"), stem])
            yield Technique(stem.replace("_", "-"), kind, _aliases(page), module, page)


def _docstring(file: Traversable) -> str:
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def _aliases(page: str) -> tuple[str, ...]:
    r"""The names under ``Also called``.

    >>> _aliases("Rests.\n\nAlso called\n    nap, rest\n    (of old)\n\nWhen\n    late\n")
    ('nap', 'rest')
    """
    found = _ALIASES.search(page)
    words = re.sub(r"\(.*?\)", "", found[1]) if found else ""
    return tuple(word.strip() for word in words.replace("\n", ",").split(",") if word.strip())
