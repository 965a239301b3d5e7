"""What is known of the run, beside the script's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Facts:
    """What a watched run says that the text of its script does not.

    All of it may be missing; an edit that needs it is then left to words.

    Args:
        optimizers: class names, one for each optimizer that was made.
        modules: class names of modules by their names in the model.
        where: patterns of the modules at which the cures act, for those that do not say it themselves.
        arguments: of the command line with which the script was run.
        prediction: shape of what the loss was given first.
        target: shape of what it was given second.
        class_counts: samples of each class seen in training, in the order of their ids.
        edges: functions that a treated run kept off their edges, each with its file's name and its line.
    """

    optimizers: Sequence[str] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    where: Sequence[str] = ()
    arguments: Sequence[str] = ()
    prediction: Sequence[int] | None = None
    target: Sequence[int] | None = None
    class_counts: Sequence[int] = ()
    edges: Sequence[tuple[str, str, int]] = ()
