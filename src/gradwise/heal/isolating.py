"""A copy of the working directory for each re-run, so that runs neither meet nor leave anything behind."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gradwise.errors import UsageError

# Names that are never copied: histories, environments, caches, what gradwise keeps.
LEFT_OUT = frozenset(
    [".git", ".hg", ".svn", ".venv", "venv", ".gradwise", ".tox", ".nox", "node_modules", "__pycache__",
     ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".ipynb_checkpoints"]
)  # fmt: skip
OURS = (".gradwise", "__pycache__")  # of which nothing is said: gradwise and Python make them
BIG = 10_000_000  # bytes; a larger file is linked
CROWDED = 1000  # files directly in a directory; a fuller one is linked whole
MOST_FILES = 20_000  # that are copied for one run
MOST_BYTES = 1_000_000_000
MOST_NEIGHBOURS = 500  # entries beside the working directory that are linked, for paths such as ../data
_CLONE = 0x40049409  # FICLONE of Linux: a copy that shares its bytes until one of the two is written


@dataclass(slots=True)
class Copied:
    """What a copy is made of.

    Args:
        root: the copy of the working directory.
        linked: what was linked, as paths in the working directory; writing there writes to the original.
        left_out: names that were left out.
    """

    root: Path
    linked: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0


def copy_directory(
    source: Path, scratch: Path, without: Iterable[Path] = (), own: Iterable[str] = ()
) -> Copied:
    """Copy a working directory into a scratch directory, links to its neighbours beside it.

    Args:
        source: the working directory.
        scratch: an empty directory; the copy is made in it, under the same name.
        without: absolute paths below the source that are left out.
        own: paths in the source that are copied whatever their size.

    Raises:
        UsageError: it is too large, or cannot be read or written.
    """
    source = source.resolve()
    copied = Copied(scratch / (source.name or "copy"))
    _Copier(source, copied, {Path(one) for one in without}, frozenset(own)).directory(source, copied.root)
    _link_neighbours(source, scratch, {Path(one) for one in without})
    return copied


def in_words(copied: Copied) -> list[str]:
    """Sentences about what the copy lacks or shares; none where it is whole."""
    told = []
    if copied.left_out:
        told.append(f"left out of the copies: {_some(copied.left_out)}")
    if copied.linked:
        told.append(
            "linked, not copied, so what a run writes there is written to the original: "
            f"{_some(copied.linked)}"
        )
    return told


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


@dataclass(frozen=True, slots=True)
class _Copier:
    source: Path
    copied: Copied
    without: set[Path]
    own: frozenset[str]

    def directory(self, here: Path, there: Path) -> None:
        try:
            there.mkdir()
            with os.scandir(here) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            raise UsageError(f"{here} cannot be copied ({error.strerror}); try --no-isolate.") from None
        for entry in entries:
            path = Path(entry.path)
            if path in self.without or entry.name in OURS:
                continue
            if entry.name in LEFT_OUT or (path / "pyvenv.cfg").exists():
                self.copied.left_out.append(self._shown(path))
            else:
                self._entry(entry, path, there / entry.name)

    def _entry(self, entry: os.DirEntry[str], path: Path, there: Path) -> None:
        if entry.is_symlink():
            there.symlink_to(path.resolve())
        elif entry.is_dir():
            if _crowded(path):
                self._link(path, there)
            else:
                self.directory(path, there)
        elif stat.S_ISREG(entry.stat().st_mode):  # neither a socket nor a pipe
            self._file(path, there, entry.stat().st_size)

    def _file(self, path: Path, there: Path, size: int) -> None:
        if _cloned(path, there, size):
            return
        if size > BIG and self._shown(path) not in self.own:
            self._link(path, there)
            return
        self.copied.files += 1
        self.copied.size += size
        if self.copied.files > MOST_FILES or self.copied.size > MOST_BYTES:
            raise UsageError(
                f"the working directory {self.source.name} holds more than each run can get a copy of "
                f"({MOST_FILES:,} files, {MOST_BYTES // 10**9} GB); start in the project's own directory, "
                "or give --no-isolate."
            )
        try:
            shutil.copy2(path, there)
        except OSError as error:
            raise UsageError(f"{path} cannot be copied ({error.strerror}); try --no-isolate.") from None

    def _link(self, path: Path, there: Path) -> None:
        """A hard link, so that the script finds an ordinary file; a symbolic one where there can be none."""
        self.copied.linked.append(self._shown(path))
        if path.is_file():
            try:
                there.hardlink_to(path)
            except OSError:
                pass
            else:
                return
        there.symlink_to(path)

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.source))


def _crowded(directory: Path) -> bool:
    """Whether so much data lies directly in a directory that copying each file would cost seconds."""
    with os.scandir(directory) as entries:
        files = 0
        for entry in entries:
            if entry.name.endswith(".py"):
                return False
            files += entry.is_file(follow_symlinks=False)
    return files > CROWDED


def _cloned(path: Path, there: Path, size: int) -> bool:
    """Whether a large file was copied without copying its bytes, which some file systems can."""
    if size <= BIG:
        return False
    try:
        import fcntl

        with path.open("rb") as old, there.open("wb") as new:
            fcntl.ioctl(new.fileno(), _CLONE, old.fileno())
    except (ImportError, OSError):
        there.unlink(missing_ok=True)
        return False
    return True


def _link_neighbours(source: Path, scratch: Path, without: set[Path]) -> None:
    """What lies beside the working directory, so that ``../data`` is found from the copy too."""
    try:
        neighbours = sorted(source.parent.iterdir())
    except OSError:
        return
    for path in neighbours[:MOST_NEIGHBOURS]:
        there = scratch / path.name
        if path != source and path not in without and not there.exists() and path not in scratch.parents:
            there.symlink_to(path)
