"""What a heal of a fit was asked for, kept beside its fits so that an interrupted one goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from gradwise.errors import UsageError
from gradwise.heal.fits.making import FitWords
from gradwise.heal.record import FILE as HEAL

FILE = "fit.json"


@dataclass(frozen=True, slots=True)
class Asked:
    """A heal of a fit as it was typed.

    Args:
        words: the fit.
        out: run directory that was asked for; "" for a new one.
        seconds: for all fits together.
        folder: where it was typed.
        sizes: bytes and time of change of each file of the data.
    """

    words: FitWords
    out: str
    seconds: float
    folder: str
    sizes: dict[str, list[int]]

    @classmethod
    def now(cls, words: FitWords, out: Path | None, seconds: float) -> Asked:
        """What is asked for in this folder, with the data as it is."""
        folder = Path.cwd()
        return cls(words, str(out or ""), seconds, str(folder), _sizes(words.data))

    def keep(self, directory: Path) -> None:
        """Write it beside the record of the heal."""
        (directory / FILE).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


def is_heal(directory: Path) -> bool:
    """Whether a directory holds a heal, be it of a fit or of a script."""
    return (directory / HEAL).is_file() or (directory / FILE).is_file()


def asked(directory: Path) -> Asked:
    """What was asked for of the heal in a directory.

    Raises:
        UsageError: it is that of a script, it is damaged, it was begun elsewhere or its data has changed.
    """
    file = directory / FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        words = document["words"]
        listed = {name: tuple(words[name]) for name in ("data", "target")}
        found = Asked(**{**document, "words": FitWords(**{**words, **listed})})
    except OSError:
        raise UsageError(
            f"{directory} holds no heal of a fit; that of a script goes on with `gradwise heal --resume`."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is damaged ({error}); begin the heal anew.") from None
    if Path.cwd() != Path(found.folder):
        raise UsageError(f"this heal was begun in {found.folder}; go there to go on with it.")
    changed = [name for name, size in _sizes(found.words.data).items() if found.sizes.get(name) != size]
    if changed:
        raise UsageError(f"{changed[0]} was changed since this heal began; begin it anew.")
    return found


def _sizes(data: tuple[str, ...]) -> dict[str, list[int]]:
    files = [Path(name) for name in data if Path(name).is_file()]
    return {str(file): [file.stat().st_size, file.stat().st_mtime_ns] for file in files}
