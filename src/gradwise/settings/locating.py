"""Where a project's settings stand: the nearest file upwards from the script, or the one that is given."""

from __future__ import annotations

from pathlib import Path

from gradwise.errors import SettingsError
from gradwise.settings.reading import PYPROJECT, settings_of, table_in
from gradwise.settings.settings import Settings, shown_file
from gradwise.trace.runs import DEFAULT_ROOT

OWN = "gradwise.toml"
NAMES = (OWN, PYPROJECT)  # in one directory the first one counts


def load_settings(start: Path, config: Path | None = None, *, isolated: bool = False) -> Settings:
    """The settings that hold for a script in the directory ``start``.

    The nearest directory upwards counts that has a ``gradwise.toml``, or a ``pyproject.toml`` with a table
    ``[tool.gradwise]``; files farther up are not mixed in.

    Args:
        start: directory of the script.
        config: take this file instead.
        isolated: take no file at all.

    Raises:
        SettingsError: the file cannot be read or does not hold, or both options are given.
    """
    if config is not None and isolated:
        raise SettingsError("--config names a file and --isolated takes none; give one of them.")
    if isolated:
        return Settings()
    if config is not None:
        return _given(config)
    for folder in (start.absolute(), *start.absolute().parents):
        for name in NAMES:
            file = folder / name
            table = table_in(file) if _is_file(file) else None
            if table is not None:
                return settings_of(file, table)
    return Settings()


def directory_of(script: str, run: Path) -> Path:
    """Where the search begins for a recorded run: its script's directory, or its own where that is gone.

    Args:
        script: the script, as it was given when the run was recorded.
        run: the run's directory or file.
    """
    folder = run.absolute() if run.is_dir() else run.absolute().parent
    depth = len(DEFAULT_ROOT.parts)
    beneath = folder.parents[depth] if len(folder.parents) > depth else folder
    for base in (beneath, Path.cwd()):  # a script's name is as seen from where `check` was called
        if script and _is_file(base / script):
            return (base / script).parent
    return folder


def _given(config: Path) -> Settings:
    if config.is_dir():
        raise SettingsError(f"--config takes a file, and {config} is a directory; give e.g. {config / OWN}.")
    if not _is_file(config):
        raise SettingsError(f"--config {config}: there is no such file; check the name.")
    table = table_in(config)
    if table is None:
        shown = shown_file(config)
        raise SettingsError(f"{shown} has no table [tool.gradwise]; add it, or give another file.")
    return settings_of(config, table)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a directory that may not be entered
        return False
