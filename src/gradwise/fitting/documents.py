"""A record of what was done, as JSON in its directory: replaced at once, read with care."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from gradwise.errors import TraceError, UsageError
from gradwise.train.files import publish

Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class DocumentForm:
    """What the records of one verb have in common.

    Args:
        name: of the file.
        schema: version of its form; newer ones are refused.
        holds: what a directory without the file has none of, e.g. ``"fitted network"``.
        verb: that writes it.
    """

    name: str
    schema: int
    holds: str
    verb: str

    def write(self, directory: Path, document: dict[str, Any], advice: str) -> None:
        """Replace the file at once; a reader sees the old one or the new one.

        Raises:
            UsageError: the directory cannot be written.
        """
        file = directory / self.name
        text = json.dumps({"schema": self.schema, **document}, indent=1, allow_nan=True) + "\n"
        try:
            publish(file, text.encode())
        except OSError as error:
            raise UsageError(f"{file} cannot be written ({error.strerror or error}); {advice}.") from error

    def read(self, kind: type[Kept], directory: Path) -> Kept:
        """A dataclass from the file; what it does not know is passed over.

        Raises:
            TraceError: there is none, it is damaged, or a newer gradwise wrote it.
        """
        file = directory / self.name
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise TraceError(f"{directory} holds no {self.holds}: it has no {self.name}.") from error
        except OSError as error:
            raise TraceError(f"{file} cannot be read ({error.strerror}).") from error
        except ValueError as error:
            raise TraceError(f"{file} is damaged ({error}); {self.verb} again.") from error
        if not isinstance(document, dict) or not isinstance(document.get("schema"), int):
            raise TraceError(
                f"{file} was not written by gradwise {self.verb}; give the directory of a {self.verb}."
            )
        if document["schema"] > self.schema:
            raise TraceError(
                f"{file} was written by a newer gradwise (schema {document['schema']}, this one reads up to "
                f"{self.schema}); upgrade gradwise."
            )
        known = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # a dataclass
        try:
            return kind(**{name: value for name, value in document.items() if name in known})
        except TypeError as error:
            raise TraceError(f"{file} is incomplete ({error}); {self.verb} again.") from error
