"""When to sample, so that watching holds to its share of the run's time.

Loss, rate and timing are taken at every step.  Everything per layer is taken
at sampled steps: the first steps densely, then pairs of consecutive steps at
growing distances, and never more than the budget allows.
"""

from __future__ import annotations

from dataclasses import dataclass

from gradwise.errors import UsageError

DENSE_STEPS = 10  # steps at the start that are all sampled (most faults show there)
GROWTH = 10  # later samples are step/GROWTH apart, about 14 in every doubling of the run
LONGEST_GAP = 1000  # steps; the distance stops growing here
SURE_GROWTH = 1.5  # a step this much later than the last sample is taken whatever it costs
SURE_SAMPLES = 3  # samples taken whatever they cost, so that every run can be judged
CREDIT_SECONDS = 0.3  # may be spent ahead at the start, so that short runs are seen; then it is earned back
EARLY_SAMPLES = 60  # taken in any case (they reach to step 190 or so) while one costs less than ...
EARLY_SECONDS = 0.03  # ... this, of which what others on a busy machine took away is no part
CHEAP_SAMPLES, CHEAP_SECONDS = 100, 0.005  # and so many (to step 1,300 or so) while one costs less than this
LEAST_RUNNING = 0.2  # of the time; a thread that runs less than this waits for more than other processes
MARGIN = 0.75  # part of the share that sampling may take; the rest is for what cannot be timed from inside
FLOOR_SECONDS = 10e-6  # per step; a share of a very short step is not measurable
ALWAYS_SECONDS = 7.5e-6  # per step; the every-step part on a tiny net (benchmarks/cost)
ALWAYS_SHARE = 0.008  # of a step: larger nets leave less of Python in the caches, ...
ALWAYS_MOST_SECONDS = 20e-6  # ... up to this (measured on the MLP of benchmarks/cost)
LEAST_SECONDS = 1e-6  # per step; sampling never starves altogether
UNSEEN_FACTOR = 1.5  # a sampled step is longer by this times what we time in it, until it is measured ...
UNSEEN_SAMPLES = 3  # ... on so many samples
UNSEEN_RANGE = (1.0, 5.0)
UNSEEN_MEMORY = 0.9  # older measurements fade by this


DEFAULT_BUDGET = "2%"  # share of step time


def parse_budget(text: str) -> float:
    """``"2%"`` or ``"0.02"`` as a share of step time.

    >>> parse_budget("2%"), parse_budget("0.5")
    (0.02, 0.5)

    Raises:
        UsageError: not a share between 0 % (exclusive) and 100 %.
    """
    cleaned = text.strip()
    try:
        share = float(cleaned[:-1]) / 100 if cleaned.endswith("%") else float(cleaned)
    except ValueError:
        share = float("nan")
    if not 0 < share <= 1:
        raise UsageError(f"--budget takes a share of step time such as 2% or 0.02, not {text!r}.")
    return share


@dataclass(slots=True)
class Budget:
    """Decides at the end of each step whether the next one is sampled.

    Args:
        share: part of the step time that watching may take.
    """

    share: float = 0.02
    spent: float = 0.0  # s, sampling and writing so far
    samples: int = 0
    next_step: int = 0
    pending_pair: bool = False
    wished: int = -1
    last: int = 0  # step of the last sample
    origin: int = 0  # step at which the current model's training began
    dearest: float = 0.0  # s, running estimate of one sample
    running: float = 1.0  # share of the time in which the thread had a processor, lately
    measured: int = 0  # samples whose step could be compared with its neighbours
    timed: float = 0.0  # s, fading sum of what we timed inside those steps ...
    longer: float = 0.0  # ... and of what they were longer than their neighbours

    def charge(self, seconds: float) -> None:
        """Count time that watching took."""
        self.spent += seconds

    def wish(self, step: int) -> None:
        """Sample ``step`` whatever the plan: something changed that should be seen."""
        self.wished = step
        self.next_step = min(self.next_step, step)

    def restart(self, step: int) -> None:
        """A new model begins at ``step``: sample its first steps as densely as the first ones."""
        self.origin = self.last = step
        self.pending_pair = False
        self.next_step = step + 1

    @property
    def unseen_factor(self) -> float:
        """How many times dearer sampling is than timed (hooks' machinery, outputs kept, cold caches)."""
        if self.measured < UNSEEN_SAMPLES or self.timed <= 0:
            return UNSEEN_FACTOR
        return min(max(self.longer / self.timed, UNSEEN_RANGE[0]), UNSEEN_RANGE[1])

    def finish_sample(
        self, inside: float, outside: float, longer: float, step: int, running: float = 1.0
    ) -> None:
        """Count one sample and plan the next.

        Args:
            inside: s that our code was timed to take within the step.
            outside: s that it took before and after the step.
            longer: s by which the step was longer than steps that are not sampled; NaN: not known.
            step: the sampled step.
            running: share of the time since the last sample in which the thread had a processor.
        """
        before = self.running if self.samples else running
        self.running = min(max(0.7 * before + 0.3 * running, LEAST_RUNNING), 1.0)
        if longer == longer:
            self.measured += 1
            self.timed = UNSEEN_MEMORY * self.timed + inside
            self.longer = UNSEEN_MEMORY * self.longer + longer
        seconds = inside * self.unseen_factor + outside
        if self.samples == 1 and self.spent > seconds:
            self.spent = seconds  # the first sample also paid for what is loaded at first use
        self.spent += seconds
        self.samples += 1
        self.last = step
        self.dearest = seconds if self.samples <= 2 else 0.7 * self.dearest + 0.3 * seconds
        age = step - self.origin
        if age + 1 < DENSE_STEPS:
            self.next_step = step + 1
        elif self.pending_pair:
            self.pending_pair = False
            self.next_step = step + min(max(2, age // GROWTH), LONGEST_GAP)
        else:
            self.pending_pair = True
            self.next_step = step + 1
        if self.wished > step:
            self.next_step = min(self.next_step, self.wished)

    def due(self, step: int, watched_seconds: float) -> bool:
        """Whether ``step`` (about to begin) is sampled; ``watched_seconds`` = time in steps so far."""
        if step < self.next_step:
            return False
        age = step - self.origin
        if step == self.wished:
            return True
        if self.samples < SURE_SAMPLES or age >= SURE_GROWTH * max(self.last - self.origin, DENSE_STEPS):
            return True
        always = max(ALWAYS_SECONDS * step, min(ALWAYS_SHARE * watched_seconds, ALWAYS_MOST_SECONDS * step))
        allowed = max(
            (max(self.share * watched_seconds, FLOOR_SECONDS * step) - always) * MARGIN,
            LEAST_SECONDS * step,
        )
        need = self.spent + self.dearest
        own = self.dearest * self.running
        early = own <= (EARLY_SECONDS if self.samples < EARLY_SAMPLES else CHEAP_SECONDS)
        early = early and self.samples < CHEAP_SAMPLES
        if early or need <= max(CREDIT_SECONDS, allowed):
            return True
        # Look again when one more sample would have been earned, not at every step.
        per_step = max(allowed / max(step, 1), 1e-9)
        earned = step + max(1, int((need - allowed) / per_step) + 1)
        sure = self.origin + int(SURE_GROWTH * max(self.last - self.origin, DENSE_STEPS)) + 1
        self.next_step = min(earned, max(sure, step + 1))
        if self.wished > step:
            self.next_step = min(self.next_step, self.wished)
        return False
