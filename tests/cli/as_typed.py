"""The command as a user types it, in a process of its own, and a table to give it."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
from sklearn.datasets import load_iris


def gradwise(*arguments, cwd):
    """Run ``gradwise`` with these arguments."""
    command = [sys.executable, "-m", "gradwise", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)


def write_iris(folder):
    """iris.csv, whose target is ``kind``; returns the folder."""
    bunch = load_iris()
    columns = {name: bunch.data[:, at] for at, name in enumerate(bunch.feature_names)}
    pl.DataFrame({**columns, "kind": [str(bunch.target_names[at]) for at in bunch.target]}).write_csv(
        folder / "iris.csv"
    )
    return folder
