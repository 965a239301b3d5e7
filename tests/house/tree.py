"""Where the files of the house are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "src/gradwise/rules"
REMEDIES = ROOT / "src/gradwise/remedies"
WATCH = ROOT / "src/gradwise/watch"
CASES = ROOT / "tests/cases"

FOLDERS = ("src", "tests", "tools", "benchmarks", "docs", "examples", ".ci")
TEXT = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".css", ".js", ".html", ".typed", ""}


def text_files() -> Iterator[Path]:
    """Every file that we write by hand or generate, nothing that a run leaves behind."""
    yield from (path for path in ROOT.iterdir() if path.is_file() and path.suffix in TEXT)
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts[-3:-1])
            if path.is_file() and path.suffix in TEXT and not hidden:
                yield path


def python_files(*folders: str) -> list[Path]:
    """Python files below the given folders of the house."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
