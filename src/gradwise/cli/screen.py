"""Where a verb prints: how wide it is, whether it shows colour, which letters it can show."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from gradwise.report.terminal import printable

MAX_WIDTH = 110  # columns; longer lines are hard to read


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream with what is known of it."""

    stream: TextIO
    width: int = 80
    colour: bool = False

    @staticmethod
    def of(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> Screen:
        """The screen behind a stream (standard output by default).

        Colour needs a terminal, and is off where ``NO_COLOR`` is set or the
        terminal is dumb.
        """
        target = sys.stdout if stream is None else stream
        terminal = target.isatty()
        plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
        return Screen(target, width, terminal and not plain)

    def show(self, text: str) -> None:
        """Print text in letters that the stream can carry, at once."""
        self.stream.write(printable(text, getattr(self.stream, "encoding", None)))
        self.stream.flush()


def shown_path(path: Path) -> str:
    """A path as a user would type it: from the working directory where it is below that."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)
