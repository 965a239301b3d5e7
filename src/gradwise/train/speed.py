"""How fast a training runs: settings that change its pace, not what it learns, each decided by a race.

All races together take about 2 % of the estimated training (10 % up to half a second), 20 seconds at most.
Compiling is tried only where a training takes so long that a minute is about 2 % of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from statistics import fmean
from time import perf_counter
from typing import Literal

import torch
from torch import Tensor, nn

from gradwise.data.examples import Choice
from gradwise.train.batches import Batch
from gradwise.train.config import FitConfig
from gradwise.train.loop import step as training_step
from gradwise.train.race import ROUNDS, WARM_UP, Race, Step, run_race
from gradwise.train.randomness import random_state, restore_random_state
from gradwise.train.training import Training

BUDGET_SHARE = 0.02  # of the estimated training
BUDGET_FLOOR = 0.5  # seconds: a short training may take so long, for turns that tell more than noise ...
FLOOR_SHARE = 0.1  # ... but no larger share than this
BUDGET_LIMIT = 20.0  # seconds: as long as a user waits before he wonders
RACES = 3  # threads; layout and precision; optimizer: each gets a third of the budget
WAYS = 4  # that are raced at once, at most: two layouts, two precisions
LOSS_ERRORS = 2.0  # standard errors of the difference that are allowed on top: few rows are noisy
LOSS_TOLERANCE = 0.05  # relative difference of the mean loss of the first steps, bf16 against float32
# On a part of the batch channels-last may lose by so much and still be taken: on two cores ResNet-18 in bf16
# gave 0.96 of contiguous on 16 rows and 1.09 on 64.
TIE = 0.9
LONG_STEP = 0.05  # seconds: a step that long fills several threads, one is not tried
FEW_THREADS = 4  # unless there are so few that trying is cheap, and others may be using the cores
TINY_STEP = 0.001  # seconds: below, converting numbers and sharing work cost more than computing
TRIAL_STEP = 0.2  # seconds: of a longer step a part of the batch is raced, unless the budget allows more
FIRST_STEPS = 3  # that are timed, to know what the training will take
GROWTH = 4  # of the rows, until a step is long enough
SMALLEST = 1 / 64  # of a batch
LONG_RUN = 3600.0  # seconds: compiling takes about a minute (9 to 131 s seen), 2 % of an hour
BF16 = ("avx512_bf16", "amx_bf16", "sve_bf16", "bf16")  # names that torch gives to CPUs' bf16 arithmetic
AMPERE = (8, 0)  # first compute capability of NVIDIA's with bf16


@dataclass(frozen=True, slots=True)
class Speed:
    """Settings of pace.

    Args:
        channels_last: weights and pixels lie channel by channel within a pixel.
        precision: of the forward pass: ``float32``, or ``bf16`` by autocast (weights stay float32).
        fused: whether the optimizer updates all weights in one kernel; None: as torch chooses.
        threads: of torch; None: as they are.
        compile: whether the model is compiled.
        choices: what was chosen for the user.
        timed: the settings that measured times decided, so that another time they may come out otherwise.
    """

    channels_last: bool = False
    precision: Literal["float32", "bf16"] = "float32"
    fused: bool | None = None
    threads: int | None = None
    compile: bool = False
    choices: tuple[Choice, ...] = ()
    timed: tuple[str, ...] = ()

    @classmethod
    def given(cls, config: FitConfig, *, fusible: bool) -> Speed:
        """What the user asked for, and what is safe where nothing was asked; nothing is timed.

        Args:
            config: the user's settings.
            fusible: whether the optimizer has a fused form on this device.
        """
        return cls(
            channels_last=config.layout == "channels-last",
            precision="bf16" if config.precision == "bf16" else "float32",
            fused=config.fused != "no" if fusible else None,
            threads=config.threads,
            compile=config.compile == "yes",
        )

    @property
    def autocast(self) -> torch.dtype | None:
        """Type of numbers of the forward pass; None: that of the weights."""
        return torch.bfloat16 if self.precision == "bf16" else None

    def use_threads(self) -> None:
        """Set torch's threads for this process, where a number was chosen."""
        if self.threads is not None:
            torch.set_num_threads(self.threads)


Rehearsal = Callable[[Speed], Training]


def choose_speed(
    rehearsal: Rehearsal,
    batches: Sequence[Batch],
    config: FitConfig,
    *,
    steps: int,
    fusible: bool = False,
) -> Speed:
    """The fastest settings found; the user's own are taken as they are.

    Random states and the number of threads are put back.

    Args:
        rehearsal: makes a training with the given settings on a **copy** of the model.
        batches: some of the training's batches; they are used in turn.
        config: the user's settings.
        steps: of the whole training.
        fusible: whether the optimizer has a fused form on this device.
    """
    state, threads = random_state(), torch.get_num_threads()
    given = Speed.given(config, fusible=fusible)
    try:
        given.use_threads()
        return _Chooser(rehearsal, batches, config, steps, given).choose()
    finally:
        torch.set_num_threads(threads)
        restore_random_state(state)


def bf16_in_hardware(device: torch.device) -> bool:
    """Whether this device computes with bf16 itself, rather than slowly imitating it."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= AMPERE
    if device.type != "cpu":
        return False
    try:
        able = torch.cpu.get_capabilities()
    except AttributeError:  # torch before 2.13 does not tell
        return False
    return any(bool(able.get(name, False)) for name in BF16)


class _Chooser:
    """One after the other: threads, layout and precision, optimizer, compiling."""

    def __init__(
        self, rehearsal: Rehearsal, batches: Sequence[Batch], config: FitConfig, steps: int, speed: Speed
    ) -> None:
        self.rehearsal = rehearsal
        self.batches = batches
        self.config = config
        self.steps = steps
        self.speed = speed
        self.choices: list[Choice] = []
        self.timed: list[str] = []
        self.sizes = _sizes(len(batches[0][1]))
        self.rows, self.step_seconds, self.full_step = self._first_steps()
        self.budget = self._budget(self.full_step)

    @property
    def run(self) -> float:
        """Seconds that the training would take, about."""
        return self.steps * self.full_step

    def choose(self) -> Speed:
        self._threads()
        self._layout_and_precision()
        self._optimizer()
        self._compile()
        return replace(self.speed, choices=tuple(self.choices), timed=tuple(self.timed))

    def _first_steps(self) -> tuple[int, float, float]:
        """Rows of a batch that are raced, seconds of a step on them, seconds of a step on a whole batch.

        Two sizes at least are timed; what a whole batch takes lies on the line through the last two.
        """
        timed: list[tuple[int, float]] = []
        longest = TRIAL_STEP
        for rows in self.sizes:
            timed.append((rows, self._timed(rows)))
            if len(timed) > 1:
                budget = self._budget(_on_line(timed, self.sizes[-1]))
                longest = max(TRIAL_STEP, budget / RACES / WAYS / (WARM_UP + ROUNDS[0]))
                if timed[-1][1] * GROWTH > longest:
                    break
        rows, spent = next((pair for pair in reversed(timed) if pair[1] <= longest), timed[0])
        while 2 * rows <= self.sizes[-1] and 2 * spent <= longest:  # a step on twice the rows takes less
            rows, spent = 2 * rows, 2 * spent
        return rows, spent, _on_line(timed, self.sizes[-1])

    def _budget(self, full_step: float) -> float:
        """Seconds for all races."""
        run = self.steps * full_step
        return min(BUDGET_LIMIT, max(BUDGET_SHARE * run, min(BUDGET_FLOOR, FLOOR_SHARE * run)))

    def _timed(self, rows: int) -> float:
        """Seconds of the quickest of a few steps, so that a hitch of the machine does not count."""
        step = self._contestant(self.speed, rows)
        step().item()  # kernels are prepared here
        spent = []
        for _ in range(FIRST_STEPS):
            started = perf_counter()
            step().item()
            spent.append(perf_counter() - started)
        return min(spent)

    def _threads(self) -> None:
        now = torch.get_num_threads()
        if self.config.threads is not None or now == 1 or (now > FEW_THREADS and self.full_step > LONG_STEP):
            return
        self.timed.append("threads")
        many, one = str(now), "1"
        race = self._race({many: replace(self.speed, threads=now), one: replace(self.speed, threads=1)})
        tiny = self.full_step < TINY_STEP
        if race is None:
            if tiny:  # others on the machine delay a step that waits for several threads many times over
                self.speed = replace(self.speed, threads=1)
                torch.set_num_threads(1)
                reason = f"a step takes {1000 * self.full_step:.2g} ms: too little to share among {now}"
                self._tell("threads", one, reason)
            return
        gain = race.gain(one, many)
        winner = 1 if race.beats(one, many) or (tiny and not race.beats(many, one)) else now
        self.speed = replace(self.speed, threads=winner)
        self._tell("threads", str(winner), f"1 thread {gain:.2f}x of {now}{self._shown()}")
        torch.set_num_threads(winner)
        if winner == 1:  # what is raced from here on takes less
            self.step_seconds, self.full_step = self.step_seconds / gain, self.full_step / gain

    def _layout_and_precision(self) -> None:
        training = self.rehearsal(self.speed)
        convolves = any(isinstance(module, nn.Conv2d) for module in training.model.modules())
        layouts = [False, True] if self.config.layout == "auto" and convolves else [self.speed.channels_last]
        self.timed += ["layout"] if len(layouts) > 1 else []
        precisions: list[Literal["float32", "bf16"]] = [self.speed.precision]
        if self.config.precision == "auto":
            self.timed.append("precision")
            if not bf16_in_hardware(training.device):
                self._tell("precision", "float32", f"no bf16 in this {training.device.type}")
                self.timed.remove("precision")
            elif self.full_step < TINY_STEP:
                reason = f"a step takes {1000 * self.full_step:.2g} ms: too little to gain from bf16"
                self._tell("precision", "float32", reason)
            else:
                precisions.append("bf16")
        ways = {
            _way(last, precision): replace(self.speed, channels_last=last, precision=precision)
            for last in layouts
            for precision in precisions
        }
        if len(ways) > 1:
            race = self._race(ways)
            if race is None and len(ways) > 2:  # no time for all: both changes at once, or none
                ways = {way: ways[way] for way in (next(iter(ways)), list(ways)[-1])}
                race = self._race(ways)
            self._judge_ways(ways, race)

    def _judge_ways(self, ways: dict[str, Speed], race: Race | None) -> None:
        base = next(iter(ways))
        name = base
        if race is not None:
            faster = [way for way in ways if race.beats(way, base)]
            agreeing = [way for way in faster if self._agrees(ways[way], race, way, base)]
            name = max(agreeing, key=lambda way: race.gain(way, base), default=base)
            other = _way(channels_last=True, precision=ways[name].precision)
            part = self.rows < self.sizes[-1]
            if part and other in agreeing and race.gain(other, base) >= TIE * race.gain(name, base):
                name = other
        self.speed = ways[name]
        for option, value in (
            ("layout", "channels-last" if self.speed.channels_last else "contiguous"),
            ("precision", self.speed.precision),
        ):
            if len({_part_of(way, option) for way in ways}) > 1:
                self._tell(option, value, self._compared(race, base, ways))

    def _agrees(self, way: Speed, race: Race, name: str, base: str) -> bool:
        """Whether half precision learnt what full precision did, and nothing else was tried."""
        if way.precision == self.speed.precision:
            return True
        more, error = race.differs(name, base)
        wanted = fmean(race.losses[base])
        if abs(more) <= LOSS_TOLERANCE * abs(wanted) + LOSS_ERRORS * error:  # never of a loss that is NaN
            return True
        self._tell("precision", "float32", f"loss {wanted + more:.3g} with {name}, {wanted:.3g} without")
        return False

    def _compared(self, race: Race | None, base: str, ways: dict[str, Speed]) -> str:
        if race is None:
            return (
                f"{', '.join(list(ways)[1:])} not tried: that would take more than {self.budget:.2g} s "
                f"of a training of about {self.run:.2g} s"
            )
        gains = [f"{way} {race.gain(way, base):.2f}x" for way in ways if way != base]
        return f"{', '.join(gains)} of {base}{self._shown()}"

    def _optimizer(self) -> None:
        if self.speed.fused is None or self.config.fused != "auto":
            return
        self.timed.append("fused")
        ways = {"plain": replace(self.speed, fused=False), "fused": replace(self.speed, fused=True)}
        race = self._race(ways)
        if race is None:
            self._tell("fused", "yes", "one kernel updates all weights")
            return
        gain = race.gain("fused", "plain")
        slower = race.beats("plain", "fused")
        self.speed = ways["plain" if slower else "fused"]
        self._tell("fused", "no" if slower else "yes", f"fused {gain:.2f}x{self._shown()}")

    def _compile(self) -> None:
        if self.config.compile != "auto" or self.run < LONG_RUN:
            return
        self.timed.append("compile")
        started = perf_counter()
        try:
            quick = self._contestant(replace(self.speed, compile=True), self.rows)
            quick().item()
        except Exception as error:  # noqa: BLE001 (a compiler may be missing or fail in any way)
            self._tell("compile", "no", f"it fails here: {type(error).__name__}")
            return
        cost = perf_counter() - started
        steps = {"plain": self._contestant(self.speed, self.rows), "compiled": quick}
        race = run_race(steps, seconds=BUDGET_LIMIT, step_seconds=self.step_seconds)
        gain = 1.0 if race is None else race.gain("compiled", "plain")
        pays = race is not None and race.beats("compiled", "plain") and self.run * (1 - 1 / gain) > cost
        self.speed = replace(self.speed, compile=pays)
        reason = f"{gain:.2f}x, compiled in {cost:.0f} s, for a training of about {self.run:.0f} s"
        self._tell("compile", "yes" if pays else "no", reason)

    def _tell(self, name: str, value: str, reason: str) -> None:
        self.choices.append(Choice(name, value, reason))

    def _race(self, ways: dict[str, Speed]) -> Race | None:
        steps = {name: self._contestant(way, self.rows) for name, way in ways.items()}
        return run_race(steps, seconds=self.budget / RACES, step_seconds=self.step_seconds)

    def _contestant(self, speed: Speed, rows: int) -> Step:
        training = self.rehearsal(speed)
        training.wake()
        turn = cycle([_cut(batch, rows, speed) for batch in self.batches])

        def step() -> Tensor:
            if speed.threads is not None and speed.threads != torch.get_num_threads():
                torch.set_num_threads(speed.threads)
            inputs, target = next(turn)
            return training_step(training, inputs, target)

        return step

    def _shown(self) -> str:
        return "" if self.rows == self.sizes[-1] else f" on {self.rows} of {self.sizes[-1]} rows"


def _sizes(rows: int) -> list[int]:
    """Numbers of rows to be timed, the last a whole batch; 2 at least, for batch-norm.

    >>> _sizes(256), _sizes(32), _sizes(1)
    ([4, 16, 64, 256], [2, 8, 32], [1])
    """
    sizes = [rows]
    while sizes[0] // GROWTH >= max(2, SMALLEST * rows):
        sizes.insert(0, sizes[0] // GROWTH)
    return sizes


def _on_line(timed: Sequence[tuple[int, float]], rows: int) -> float:
    """Seconds for so many rows, on the line through the last two points; no less than the last took.

    >>> _on_line([(2, 0.5), (8, 1.25)], 32)
    4.25
    """
    (before, quick), (last, slow) = timed[-2:] if len(timed) > 1 else ((0, 0.0), timed[0])
    return max(slow, slow + (slow - quick) / (last - before) * (rows - last))


def _way(channels_last: bool, precision: str) -> str:
    return ("channels-last" if channels_last else "contiguous") + " " + precision


def _part_of(way: str, option: str) -> str:
    return way.split(" ")[0 if option == "layout" else 1]


def _cut(batch: Batch, rows: int, speed: Speed) -> Batch:
    """The first rows of a batch, its pixels in the layout of ``speed``."""
    inputs, target = batch
    layout = torch.channels_last if speed.channels_last else torch.contiguous_format
    cut = tuple(
        tensor[:rows].contiguous(memory_format=layout if tensor.ndim == 4 else torch.contiguous_format)
        for tensor in inputs
    )
    return cut, target[:rows]
