"""Opening data for a fitted network: read as it was read for training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gradwise.data.array_table import ArrayTable
from gradwise.data.examples import Source, Task
from gradwise.data.images import ImageSource
from gradwise.data.opening import UCR_MARKS, open_source
from gradwise.data.series import SeriesSource
from gradwise.data.table_files import TABLE_ENDS, ending
from gradwise.data.tables import TableSource
from gradwise.data.text import TextSource


def reopen(
    data: Sequence[str | Path], options: Mapping[str, Any], task: Task, *, with_target: bool = False
) -> Source:
    """Read data as it was read for training; without ``with_target``, its target is left out if it has one.

    Args:
        data: one path or pattern, or several.
        options: of reading, as ``run.json`` keeps them.
        task: of the network.
        with_target: whether the target is wanted.

    Raises:
        UsageError: it cannot be read.
    """
    reading = {**options, "task": task.kind, "target": None}
    given = options.get(
        "target"
    )  # of labels in the cells of one column its name; None for folders of classes
    targets = [given] if isinstance(given, str) else list(given or ())
    table = _is_table(data[0])
    if with_target:
        reading["target"] = targets or (list(task.targets) if table else None)
    elif targets and table:  # beside a column of lists, a target would be taken for an input
        reading["drop"] = [*(options.get("drop") or ()), *targets]
    source = open_source(data[0] if len(data) == 1 else list(data), **reading)
    if not with_target and isinstance(
        source, TableSource | ArrayTable | ImageSource | SeriesSource | TextSource
    ):
        source.target = None  # folders and arrays bring theirs along
    return source


def _is_table(place: str | Path) -> bool:
    """Whether data is a file with named columns, by its name."""
    path = Path(place)
    if path.is_dir() or ending(path) not in TABLE_ENDS:
        return False
    return not any(mark in path.stem for mark in UCR_MARKS)
