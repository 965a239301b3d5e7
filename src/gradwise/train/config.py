"""Everything that a fit can be told, with what happens when it is not."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

from gradwise.data import resampling
from gradwise.data.imbalance import threshold
from gradwise.errors import UsageError
from gradwise.registry import nearest

PRETRAINED = ("pretrained", "from-file", "checkpoint")  # names of the initialiser that reads a file
LARGEST_SEED = 2**32 - 1  # what numpy.random.seed takes


@dataclass(frozen=True, slots=True, kw_only=True)
class FitConfig:
    """Settings of `gradwise fit`; None or ``"auto"`` leaves the choice to gradwise, which says why.

    Args:
        net: name of a net (``mlp``, ``cnn``, ``resnet18``, ``lstm`` ...).
        width: units of a hidden layer, or channels of the first one.
        depth: hidden layers, or stacked recurrent layers.
        dropout: share of units dropped.
        activation: of hidden layers, by name with options; None: the net's own.
        norm: layer by name with options, or ``none``; None: the net's own.
        scale: of inputs, by name with options; ``auto`` standardises, ``none`` leaves them as they are.
        epochs: passes over the training rows, at most.
        batch_size: examples per step.
        rate: learning rate; None: range test.
        optimizer: by name.
        schedule: learning-rate policy by name.
        loss: by name.
        init: initialiser by name; None: the net's own.
        weights: file of weights, or directory of a fit, that the net begins with; None: drawn by ``init``.
        freeze: ``none``, ``all`` (the last layer learns) or ``all-but-3`` (the last three stages learn).
        unfreeze_every: epochs after which one more stage learns, from the end; None: never.
        rate_decay: share of a stage's rate that the one before it learns at; None: one rate for all.
        teacher: directory of a fit whose network is learnt from beside the targets; None: none.
        distill: how: ``temperature=4,weight=0.9``, or a part of it.
        weight_decay: of the optimizer.
        clip: largest gradient norm; None: none, 5 for recurrent nets.
        augment: names of augmentations of the training batches, ``auto``, or ``none``.
        regularize: names of regularisers (``l1:strength=1e-4, max-norm``), or ``none``; those that other
            settings here stand for (``ema``, ``early-stopping``, ``clip-norm``, ``ensemble``) become these.
        class_weights: ``auto`` (when imbalanced), ``yes`` or ``no``.
        resample: name of a resampler of the training rows, or ``none``.
        balanced_batches: classes fill even shares of every batch.
        threshold: of two classes or labels: a probability, or what it is chosen by on the validation rows
            (``f1``, ``balanced-accuracy``, ``cost:miss=50``, ``auto``).
        patience: epochs without improvement before it stops; 0: never stops early.
        valid: share of rows kept for validation.
        test: share of rows kept aside and scored once at the end.
        seed: of everything random.
        runs: nets to train, each with a seed of its own from ``seed`` on; they are averaged.
        together: ``auto``, ``yes`` or ``no``: all runs at once, in one stack of weights.
        precision: ``auto``, ``float32`` or ``bf16``.
        layout: ``auto``, ``contiguous`` or ``channels-last``.
        fused: ``auto``, ``yes`` or ``no``: the optimizer updates all weights in one kernel.
        compile: ``auto``, ``yes`` or ``no``: torch.compile.
        threads: of torch; None: measured.
        device: ``auto``, ``cpu``, ``cuda`` ...
        ema: decay of an exponential moving average of the weights; None: none.
        doctor: whether the fit watches itself.
        save_every: seconds between checkpoints; saving takes at most 5 % of the time, however few they are.
    """

    net: str = "auto"
    width: int | None = None
    depth: int | None = None
    dropout: float | None = None
    activation: str | None = None
    norm: str | None = None
    scale: str = "auto"
    epochs: int | None = None
    batch_size: int | None = None
    rate: float | None = None
    optimizer: str = "auto"
    schedule: str = "auto"
    loss: str = "auto"
    init: str | None = None
    weights: str | None = None
    freeze: str = "none"
    unfreeze_every: int | None = None
    rate_decay: float | None = None
    teacher: str | None = None
    distill: str = ""
    weight_decay: float | None = None
    clip: float | None = None
    augment: str = "none"
    regularize: str = "none"
    class_weights: str = "auto"
    resample: str = "none"
    balanced_batches: bool = False
    threshold: str = "0.5"
    patience: int | None = None
    valid: float = 0.2
    test: float = 0.0
    seed: int = 0
    runs: int = 1
    together: str = "auto"
    precision: str = "auto"
    layout: str = "auto"
    fused: str = "auto"
    compile: str = "auto"
    threads: int | None = None
    device: str = "auto"
    ema: float | None = None
    doctor: bool = True
    save_every: float = 60.0

    def __post_init__(self) -> None:
        if self.regularize.strip().lower() not in ("", "none"):
            from gradwise.train.regularizing import expanded  # it needs torch

            rest, found = expanded(self.regularize, asdict(self))
            for name, value in {"regularize": rest, **found}.items():
                object.__setattr__(self, name, value)
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"--{_option(name)} takes a number from {low:g} to {high:g}, not {value:g}.")
        for name, allowed in _WORDS.items():
            value = getattr(self, name)
            if value not in allowed:
                words = ", ".join(allowed)
                raise UsageError(f"--{_option(name)} takes one of {words}, not {value!r}.")
        if self.resample != resampling.NONE:
            resampling.check(self.resample)
        self._check_transfer()
        threshold.fixed(self.threshold)
        if self.seed + self.runs - 1 > LARGEST_SEED:
            raise UsageError(
                f"--seed {self.seed} leaves no seeds for --runs {self.runs}: {LARGEST_SEED} is the largest."
            )
        if self.valid + self.test >= 1:
            raise UsageError(
                f"--valid {self.valid:g} and --test {self.test:g} leave no rows to train on; lower one."
            )

    def _check_transfer(self) -> None:
        """What follows from settings that build on earlier trainings; places become absolute."""
        for name in ("weights", "teacher"):
            place = getattr(self, name)
            if place is not None:
                object.__setattr__(self, name, str(Path(place).expanduser().absolute()))
        if self.unfreeze_every is not None and self.freeze == "none":
            raise UsageError(
                "--unfreeze-every thaws what --freeze froze; give --freeze all, or leave it out."
            )
        if self.weights is not None and (self.init or "").partition(":")[0].lower() in PRETRAINED:
            raise UsageError(f"--weights and --init {self.init} both name weights; give one of them.")
        if self.distill and self.teacher is None:
            raise UsageError("--distill says how to learn from a teacher; name its run: --teacher RUN.")
        if self.freeze != "none" or self.distill:
            from gradwise.train.transfer.distillation import read_options  # these need torch
            from gradwise.train.transfer.freezing import last_ones

            last_ones(self.freeze)
            read_options(self.distill)

    @classmethod
    def make(cls, settings: Mapping[str, Any]) -> FitConfig:
        """A configuration from names and values, e.g. of a TOML file; names may be written with hyphens.

        >>> FitConfig.make({"batch-size": 32}).batch_size
        32

        Raises:
            UsageError: an unknown name, a value of the wrong type or out of range.
        """
        types = {field.name: str(field.type) for field in fields(cls)}
        given: dict[str, Any] = {}
        for raw, value in settings.items():
            name = raw.replace("-", "_")
            if name not in types:
                near = nearest(raw, [_option(known) for known in types])
                raise UsageError(f"there is no setting {raw!r}{near}; `gradwise fit --help` lists all.")
            given[name] = _checked(name, value, types[name])
        return cls(**given)

    @classmethod
    def read(cls, path: Path) -> dict[str, Any]:
        """The settings of a TOML file, as names and values for `make`.

        Raises:
            UsageError: no such file, or not TOML.
        """
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UsageError(f"--config {path} cannot be read ({error.strerror}).") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"--config {path} is not a TOML file: {error}.") from error

    def given(self) -> dict[str, Any]:
        """The settings that differ from their defaults, for ``run.json``."""
        defaults = {field.name: field.default for field in fields(self) if field.default is not MISSING}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


_RANGES = (
    ("width", 1, 1 << 16),
    ("depth", 1, 1000),
    ("dropout", 0.0, 0.99),
    ("epochs", 1, 1_000_000),
    ("batch_size", 1, 1 << 24),
    ("rate", 1e-12, 1e3),
    ("weight_decay", 0.0, 10.0),
    ("clip", 1e-12, 1e12),
    ("patience", 0, 1_000_000),
    ("valid", 0.0, 0.9),
    ("test", 0.0, 0.9),
    ("unfreeze_every", 1, 1_000_000),
    ("rate_decay", 1e-3, 1.0),
    ("seed", 0, LARGEST_SEED),
    ("runs", 1, 1000),
    ("threads", 1, 4096),
    ("ema", 0.0, 1.0),
    ("save_every", 0.0, 1e9),
)
_WORDS = {
    "class_weights": ("auto", "yes", "no"),
    "together": ("auto", "yes", "no"),
    "precision": ("auto", "float32", "bf16"),
    "layout": ("auto", "contiguous", "channels-last"),
    "fused": ("auto", "yes", "no"),
    "compile": ("auto", "yes", "no"),
}


def _option(name: str) -> str:
    return name.replace("_", "-")


def _checked(name: str, value: Any, kind: str) -> Any:
    """``value`` as the field's type; whole numbers may stand for decimal ones."""
    if value is None and "None" in kind:
        return None
    if (
        name in ("augment", "regularize")
        and isinstance(value, list | tuple)
        and all(isinstance(each, str) for each in value)
    ):
        return ", ".join(value)
    if name in ("weights", "teacher") and isinstance(value, PathLike):
        return str(value)
    if name == "freeze" and isinstance(value, int):  # told what to write in place of a number
        return str(value)
    if name == "threshold" and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    wanted = kind.split(" ", maxsplit=1)[0]
    if wanted == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    fits = {"int": int, "str": str, "bool": bool, "float": float}[wanted]
    if isinstance(value, fits) and (wanted == "bool" or not isinstance(value, bool)):
        return value
    words = {"int": "a whole number", "float": "a number", "str": "a word", "bool": "true or false"}[wanted]
    raise UsageError(f"{_option(name)} takes {words}, not {value!r}.")
