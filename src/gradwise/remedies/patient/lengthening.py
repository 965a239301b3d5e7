"""More rounds of the loop that trains, where the script counts its rounds by ``range``.

Nobody but the script knows what a round is.  So ``range`` is another name in the
script's own files from the moment that it makes an optimizer: what a ``for``
statement goes through by it is watched, and where rounds of the outermost such
loop end in which an optimizer stepped that was there before, the count goes on.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.optim.lr_scheduler import ReduceLROnPlateau

if TYPE_CHECKING:
    from gradwise.remedies.patient.handle import Patient

SIZED = ("len(", "shape", "size(", "numel(")  # in the words of a range that goes over data


def lengthen(patient: Patient, times: int) -> None:
    """Let the outermost training loop make more rounds, and schedules go on over all of them.

    Args:
        patient: the cure's hold.
        times: as many rounds.
    """
    longer = _Longer(patient, times)
    patient.at("optimizer", longer.made)
    patient.at("after-step", lambda optimizer: longer.stepped.add(id(optimizer)))
    patient.at("schedule", longer.scheduled)
    patient.later(longer.undo)


class _Longer:
    """The loops of a script that are running, the outermost first."""

    def __init__(self, patient: Patient, times: int) -> None:
        self.patient, self.times = patient, times
        self.running: list[Rounds] = []
        self.optimizers: list[Any] = []  # made so far, held so that their ids stay theirs
        self.stepped: set[int] = set()  # ids of optimizers that have stepped since somebody looked
        self.calls: dict[int, tuple[Any, int]] = {}  # of schedulers, which are held
        self.places: list[dict[str, Any]] = []  # names of files in which ``range`` is ours
        self.heads: dict[
            tuple[str, int], str
        ] = {}  # by file and line, the place of a loop that counts rounds

    def made(self, optimizer: Any) -> None:
        """An optimizer was made: from now on loops are looked at."""
        self.optimizers.append(optimizer)
        main = sys.modules.get("__main__")
        root = Path(str(getattr(main, "__file__", "") or ".")).resolve().parent
        for module in (main, *sys.modules.values()):
            names, file = getattr(module, "__dict__", {}), getattr(module, "__file__", None)
            own = file is not None and Path(str(file)).resolve().is_relative_to(root)
            foreign = "site-packages" in str(file) or str(names.get("__name__")).startswith("gradwise")
            if own and not foreign and "range" not in names:
                names["range"] = self._range(sys._getframe)  # noqa: SLF001
                self.places.append(names)
        for depth in (frame for frame in _frames() if "range" not in frame.f_globals and _is_script(frame)):
            depth.f_globals["range"] = self._range(sys._getframe)  # noqa: SLF001
            self.places.append(depth.f_globals)

    def undo(self) -> None:
        """Let ``range`` be Python's again, and loops that run end where the script says."""
        for names in self.places:
            names.pop("range", None)
        self.places.clear()
        self.running.clear()
        self.times = 1

    def scheduled(self, scheduler: Any) -> bool:
        """Whether a call reaches a scheduler: one of so many, so that it lasts for all rounds."""
        if isinstance(scheduler, ReduceLROnPlateau) or self.times == 1:
            return True
        number = self.calls.get(id(scheduler), (scheduler, 0))[1] + 1
        self.calls[id(scheduler)] = (scheduler, number)
        return number % self.times == 0

    def _range(self, frame: Callable[[int], Any]) -> Any:
        counted = self.patient.contained(self._counted)

        class Range(metaclass=_LikeRange):
            """Python's own, but for the head of a ``for`` statement."""

            def __new__(cls, *args: Any) -> Any:
                plain = builtins.range(*args)
                return counted(plain, frame(1)) or plain

        return Range

    def _counted(self, plain: range, frame: Any) -> Rounds | None:
        """A range that heads a loop by counting rounds; None for all others."""
        key = (frame.f_code.co_filename, frame.f_lineno)
        if abs(plain.step) != 1 or not len(plain):
            return None
        if key not in self.heads:
            self.heads[key] = _head(*key, frame.f_globals)
        return Rounds(plain, self, self.heads[key]) if self.heads[key] else None

    def is_training(self, rounds: Rounds) -> bool:
        """Whether an optimizer stepped in a loop that was there before it began."""
        return bool(rounds.before & rounds.stepped)

    def goes_on(self, rounds: Rounds) -> bool:
        """Whether a loop that has ended gets more rounds."""
        outer = self.running[: self.running.index(rounds)] if rounds in self.running else self.running
        return self.times > 1 and self.is_training(rounds) and not any(map(self.is_training, outer))


class Rounds:
    """A range that may go on.

    Args:
        plain: the script's own.
        longer: what it belongs to.
        place: of the loop.
    """

    def __init__(self, plain: range, longer: _Longer, place: str) -> None:
        self.plain, self.longer, self.place = plain, longer, place
        self.before: set[int] = set()
        self.stepped: set[int] = set()

    def __iter__(self) -> Iterator[int]:
        longer = self.longer
        self.before, self.stepped = {id(one) for one in longer.optimizers}, set()
        self._note()
        self.stepped.clear()
        longer.running.append(self)
        try:
            for number in self.plain:
                yield number
                self._note()
            if longer.goes_on(self):
                rounds = len(self.plain)
                longer.patient.did(f"{rounds} rounds → {rounds * longer.times} ({self.place})")
                yield from builtins.range(
                    self.plain.stop,
                    self.plain.stop + self.plain.step * rounds * (longer.times - 1),
                    self.plain.step,
                )
                self._note()
        finally:
            if self in longer.running:
                longer.running.remove(self)

    def _note(self) -> None:
        """What has stepped since somebody looked, which is for all loops that run."""
        for one in (*self.longer.running, self):
            one.stepped |= self.longer.stepped
        self.longer.stepped.clear()

    def __len__(self) -> int:
        return len(self.plain)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)

    def __getitem__(self, key: Any) -> Any:
        return self.plain[key]


def _head(file: str, line: int, names: dict[str, Any]) -> str:
    """The place of the ``for`` statement whose head, at this line, counts rounds; "" where there is none."""
    tree = ast.parse("".join(linecache.getlines(file, names)))
    for node in ast.walk(tree):
        if isinstance(node, ast.For) and node.iter.lineno <= line <= (node.iter.end_lineno or 0):
            words = ast.unparse(node.iter)
            if "range(" in words and not any(word in words for word in SIZED):
                return f"{Path(file).name}:{node.iter.lineno}"
    return ""


class _LikeRange(type):
    """Python's ranges are instances of what stands for ``range``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, builtins.range)


def _frames() -> Iterator[Any]:
    frame: Any = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        yield frame
        frame = frame.f_back


def _is_script(frame: Any) -> bool:
    """Whether a frame runs the script that was started; it need not be a module that is known."""
    return bool(frame.f_globals.get("__name__") == "__main__")
