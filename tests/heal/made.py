"""Runs that are made up: a maker that writes what a script would have printed, and counts."""

from __future__ import annotations

from gradwise.heal.making import Runs
from gradwise.heal.record import begin
from gradwise.heal.rerun import OUT, Words
from gradwise.heal.trial import Ran, cure_as_dict, shown_cures

SECONDS = 2.0


class Made:
    """Makes runs by a function from trial to what is printed, or to a status other than finished.

    Args:
        directory: where they are kept.
        answer: what the script prints for a trial; one of the words of a status for a run that does not end well.
        trace: writes a trace into a run's directory; None for none.
        seconds: that each takes.
        idle: name of a cure that finds nothing to act on.
    """

    def __init__(self, directory, answer, trace=None, seconds=SECONDS, idle=""):
        self.directory, self.answer, self.trace, self.seconds = directory, answer, trace, seconds
        self.idle = idle
        self.trials = []

    def place(self, key):
        return self.directory / "runs" / key

    def run(self, trial, limit):
        self.trials.append(trial)
        answer = self.answer(trial)
        status = answer if answer in ("failed", "killed", "idle") else "finished"
        place = self.place(trial.key)
        place.mkdir(parents=True, exist_ok=True)
        (place / OUT).write_text(answer)
        if self.trace is not None:
            self.trace(place)
        if self.seconds > limit:
            status = "killed"
        return Ran(
            trial.key, shown_cures(trial.cures), tuple(map(cure_as_dict, trial.cures)), trial.shift,
            trial.max_steps, status, "", {"failed": 3}.get(status, 0), trial.max_steps or 200, self.seconds,
            self.seconds / 2,
            tuple({"cure": cure.name, "did": [] if cure.name == self.idle else ["this"]} for cure in trial.cures),
        )  # fmt: skip


def script(folder):
    """A script to be named; it is never run."""
    file = folder / "train.py"
    file.write_text("print(1)\n")
    return Words(str(file))


def runs_of(folder, answer, budget=1000.0, **options):
    """Runs by `Made` in a new record."""
    directory = folder / "heal"
    record = begin(directory, script(folder))
    return Runs(Made(directory, answer, **options), record, budget)
