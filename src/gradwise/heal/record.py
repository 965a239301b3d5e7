"""``heal.json``: every run of a heal, written after each, so that an interrupted one goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwise.errors import UsageError
from gradwise.heal.rerun import Words
from gradwise.heal.trial import Ran

FILE = "heal.json"
SCHEMA = 1
DEFAULT_ROOT = Path(".gradwise/heals")  # under the current directory


@dataclass(slots=True)
class Record:
    """What is kept of a heal.

    Args:
        directory: where it is kept.
        script: what is healed, see `identity`.
        runs: results by the key of their trial, in the order made.
        outcome: how it ended; empty while it goes on.
    """

    directory: Path
    script: dict[str, Any]
    runs: dict[str, Ran] = field(default_factory=dict)
    outcome: dict[str, Any] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Time that all runs took together."""
        return sum(ran.seconds for ran in self.runs.values())

    def keep(self, ran: Ran) -> None:
        """Add a run and write the file."""
        self.runs[ran.key] = ran
        self.write()

    def as_dict(self) -> dict[str, Any]:
        """The document."""
        runs = [ran.as_dict() for ran in self.runs.values()]
        return {"schema": SCHEMA, "script": self.script, "outcome": self.outcome, "runs": runs}

    def write(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            UsageError: it cannot be written.
        """
        whole = self.directory / FILE
        part = whole.with_suffix(".part")
        try:
            part.write_text(
                json.dumps(finite(self.as_dict()), indent=1, allow_nan=False) + "\n", encoding="utf-8"
            )
            part.replace(whole)
        except OSError as error:
            raise UsageError(f"{whole} cannot be written ({error.strerror}); choose another --out.") from None


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Keep a directory for this process alone.

    Raises:
        UsageError: another process heals in it.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another process heals in {directory}; wait for it, or choose another --out."
            ) from None
        except OSError:  # a file system without locks
            pass
        yield


def finite(value: Any) -> Any:
    """The document with None for numbers that JSON does not know.

    >>> finite({"a": [1.0, float("nan")]})
    {'a': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {name: finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def identity(words: Words) -> dict[str, Any]:
    """What a heal is about: the script with a digest of its text, and its arguments."""
    digest = ""
    if words.script is not None:
        try:
            digest = hashlib.sha256(Path(words.script).read_bytes()).hexdigest()[:16]
        except OSError as error:
            raise UsageError(f"{words.script} cannot be read: {error.strerror}.") from None
    return {"path": words.script, "module": words.module, "arguments": list(words.args), "digest": digest}


def begin(directory: Path, words: Words) -> Record:
    """A new record in a directory that holds none.

    Raises:
        UsageError: it holds one, or cannot be made.
    """
    if (directory / FILE).exists():
        raise UsageError(f"{directory} already holds a heal; go on with --resume, or choose another --out.")
    try:
        (directory / "runs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory} cannot be made ({error.strerror}); choose another --out.") from None
    return Record(directory, identity(words))


def resume(directory: Path, words: Words) -> Record:
    """The record in a directory, of the same script.

    Raises:
        UsageError: there is none, it is damaged, or it is about something else.
    """
    file = directory / FILE
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        runs = {one["key"]: Ran.from_dict(one) for one in document["runs"]}
        script = document["script"]
    except OSError:
        raise UsageError(f"{directory} holds no heal to resume; leave --resume out to begin one.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} is damaged ({error}); begin anew with another --out.") from None
    if script != identity(words):
        raise UsageError(
            f"{directory} is about another script, other arguments, or this script before it was changed; "
            "begin anew with another --out."
        )
    kept = {key: ran for key, ran in runs.items() if (directory / "runs" / key).is_dir()}
    return Record(directory, script, kept)


def newest(root: Path, words: Words) -> Path:
    """The newest heal of the same script under ``root``.

    Raises:
        UsageError: there is none.
    """
    wanted = identity(words)
    for file in sorted(root.glob(f"*/{FILE}"), key=lambda one: one.stat().st_mtime, reverse=True):
        try:
            if json.loads(file.read_text(encoding="utf-8"))["script"] == wanted:
                return file.parent
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise UsageError(
        f"there is no heal of {words.shown} to resume in {root}; leave --resume out to begin one."
    )
