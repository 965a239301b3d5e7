"""What will be trained and how: the user's settings, and for all others a default with its reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gradwise import losses, nets, optim
from gradwise.data.examples import Choice, Task
from gradwise.errors import UsageError
from gradwise.init import check_init
from gradwise.nets.activations import check_activation
from gradwise.nets.norms import check_norm
from gradwise.optim.schedules.plateau import PATIENCE as PLATEAU_PATIENCE
from gradwise.train import augmenting, regularizing, sizing
from gradwise.train.config import FitConfig
from gradwise.train.weighing import check_balanced, class_weights
from gradwise.train.whole import check_closure, own_rate, whole_batch

RECURRENT_CLIP = 5.0  # norm; handbook: 5 to 15 for recurrent nets
RECURRENT = ("lstm", "gru", "rnn")
DECAY = 0.01  # of adamw; Loshchilov, Hutter, arXiv 1711.05101, and torch's default
ANNEAL_FROM = 100  # steps: below, the 30 % in which one-cycle warms up would be mere noise
ANNEALED = ("one-cycle", "cosine", "warm-up", "polynomial")
ANNEALED_PATIENCE = 0.5  # of the epochs: the best part of an annealed training is its end
PATIENCE = 10  # epochs; with a rate that does not fall to zero
DIVISIONS = 3  # of the rate at a plateau before training stops: by 2 to an eighth, by 5 to under a hundredth
DEFAULT_OPTIMIZER = "adamw"
SOFTMAX = (
    "as given, and most often a fault in a hidden layer, whose units then share one unit of signal; see "
    "`gradwise explain activation:softmax`"
)
FEW_TO_NORM = 2  # rows per batch, whose means are noise; handbook claim 20
DEFAULT_LOSS = {"classes": "cross-entropy", "labels": "bce", "numbers": "mse"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A training before it starts.

    Args:
        net: name of the net.
        net_options: what it is told besides the shape of its input: ``units``, ``depth``, ``dropout`` ...
        init: initialiser; None: the net's own.
        optimizer: by name, with options after a colon where given; so are schedule, loss and init.
        rate: learning rate; None: to be found by a range test.
        weight_decay: of the optimizer.
        schedule: of the rate, by name.
        epochs: at most.
        batch_size: examples per step.
        steps_per_epoch: optimizer steps in an epoch.
        patience: epochs without improvement before it stops; 0: never stops early.
        loss: by name.
        augment: augmentations by name, with options; ``none`` without.
        regularize: regularisers by name, with options; ``none`` without.
        class_weights: per class or label; None: all equal.
        clip: largest norm of the gradient; None: none.
        choices: every setting that was chosen for the user.
    """

    net: str
    net_options: Mapping[str, Any]
    init: str | None
    optimizer: str
    rate: float | None
    weight_decay: float
    schedule: str
    epochs: int
    batch_size: int
    steps_per_epoch: int
    patience: int
    loss: str
    augment: str
    regularize: str
    class_weights: tuple[float, ...] | None
    clip: float | None
    choices: tuple[Choice, ...] = field(repr=False)


def make_plan(
    task: Task,
    shape: Mapping[str, Any],
    rows: int,
    config: FitConfig,
    *,
    device: str = "cpu",
    counts: Sequence[int] | None = None,
) -> Plan:
    """Settings for a training: what the user gave, else a default with its reason.

    Args:
        task: what is predicted.
        shape: of the input, as `gradwise.data.examples.Encoder.shape` gives it.
        rows: training rows.
        config: the user's settings; they always win, and no choice is told for them.
        device: type of the device; accelerators get larger batches.
        counts: training rows of every class, or in which every label is true.

    Raises:
        UnknownNameError: no net, optimizer, schedule, loss or initialiser is called so.
        UsageError: settings that do not go together.
    """
    told: list[Choice] = []
    kind = nets.input_kind(shape)
    net, written = _net(kind, shape, rows, config, told)
    net_options = _net_options(net, written, task, shape, rows, config, told)
    loss = _loss(task, config, told)
    info = optim.OPTIMIZERS[DEFAULT_OPTIMIZER if config.optimizer == "auto" else config.optimizer]
    check_closure(info, config)
    check_balanced(task, info, config)
    batch_size = whole_batch(info, rows, config, told) or _batch_size(kind, rows, device, config, told)
    _norm(net, kind, net_options, batch_size, told)
    # A lone last row joins the batch before it, since batch-norm cannot learn from one.
    steps = max(1, rows // batch_size + (rows % batch_size > 1))
    epochs = _epochs(net, rows, steps, config, told)
    optimizer, decay = _optimizer(config, told)
    schedule = _schedule(info, epochs, steps, config, told)
    return Plan(
        net=net,
        net_options=net_options,
        init=check_init(config.init) if config.init else None,
        optimizer=optimizer,
        rate=config.rate if config.rate is not None else own_rate(info, told),
        weight_decay=decay,
        schedule=schedule,
        epochs=epochs,
        batch_size=batch_size,
        steps_per_epoch=steps,
        patience=_patience(schedule, epochs, config, told),
        loss=loss,
        augment=augmenting.choose(config.augment, task, kind, shape, loss, told),
        regularize=regularizing.check(config.regularize, info, asdict(config)),
        class_weights=class_weights(task, rows, config, counts, told),
        clip=None if info.closure else _clip(net, config, told),
        choices=tuple(told),
    )


def _net(
    kind: str, shape: Mapping[str, Any], rows: int, config: FitConfig, told: list[Choice]
) -> tuple[str, dict[str, Any]]:
    """Name of the net, and the options that were written behind it."""
    if config.net != "auto":
        return nets.NETS.parse(config.net)
    name, reason = sizing.net_for(kind, shape, rows)
    told.append(Choice("net", name, reason))
    return name, {}


def _net_options(
    net: str,
    written: Mapping[str, Any],
    task: Task,
    shape: Mapping[str, Any],
    rows: int,
    config: FitConfig,
    told: list[Choice],
) -> dict[str, Any]:
    """The net's options that the user gave, and its width where he gave none."""
    kind = nets.input_kind(shape)
    if kind not in nets.NETS[net].makers:
        able = ", ".join(nets.nets_for(kind))
        raise UsageError(f"--net {net} takes {' or '.join(nets.NETS[net].makers)}, not {kind}; try {able}.")
    known = nets.options(net, kind)
    flags = {
        "units": config.width,
        "depth": config.depth,
        "dropout": config.dropout,
        "activation": config.activation,
        "norm": config.norm,
    }
    options: dict[str, Any] = {word: value for word, value in flags.items() if value is not None}
    for word in options:
        flag = "width" if word == "units" else word
        if word not in known:
            on = " on " + kind if len(nets.NETS[net].makers) > 1 else ""
            raise UsageError(f"--{flag} is nothing that net {net!r}{on} can be told; leave it out.")
        if word in written:
            raise UsageError(f"--{flag} and --net {config.net} both tell {word}; leave one out.")
    options |= nets.checked_options(net, kind, written)
    if options.get("each_step"):
        raise UsageError(
            f"--net {config.net} answers at every step, but in a data file a sequence has one target; leave "
            "each_step out (tags are for Python: `gradwise explain recurrent`)."
        )
    for word, check in (("activation", check_activation), ("norm", check_norm)):
        if word in options:
            options[word] = check(options[word])
    if str(options.get("activation")).startswith("softmax"):
        told.append(Choice("activation", "softmax", SOFTMAX))
    if "units" in known and "units" not in options:
        depth = options.get("depth", known.get("depth"))
        sized = sizing.units_for(net, shape, task.outputs, rows, depth=depth)
        if sized is not None:
            options["units"], reason = sized
            told.append(Choice("width", str(options["units"]), reason))
    return options


def _norm(net: str, kind: str, options: Mapping[str, Any], batch_size: int, told: list[Choice]) -> None:
    """Say so where the net's own batch-norm has too few rows to go by."""
    usual = nets.options(net, kind).get("norm")
    if batch_size <= FEW_TO_NORM and usual == "batch-norm" and "norm" not in options:
        rows = f"{batch_size} row{'s' * (batch_size > 1)} per batch"
        reason = f"as {net} has it; means over {rows} are noise, and --norm group-norm does without"
        told.append(Choice("norm", usual, reason))


def _loss(task: Task, config: FitConfig, told: list[Choice]) -> str:
    if config.loss == "auto":
        name = DEFAULT_LOSS[task.kind]
        what = {
            "classes": f"{len(task.classes)} classes exclude each other",
            "labels": f"each of {task.outputs} labels may be true",
            "numbers": f"{task.outputs} number{'s' * (task.outputs > 1)} to predict",
        }
        told.append(Choice("loss", name, what[task.kind]))
        return name
    name = losses.LOSSES.proper(config.loss)
    reduction = losses.LOSSES.parse(name)[1].get("reduction", "mean")
    if reduction != "mean":
        raise UsageError(f"a fit learns from the mean of a batch's losses, not from reduction {reduction!r}.")
    if task.kind not in losses.LOSSES[name].tasks:
        fitting = ", ".join(losses.losses_for(task.kind))
        raise UsageError(f"--loss {name} is not for {task.kind}, which this target holds; try {fitting}.")
    return name


def _batch_size(kind: str, rows: int, device: str, config: FitConfig, told: list[Choice]) -> int:
    if config.batch_size is not None:
        return min(config.batch_size, rows)
    size, reason = sizing.batch_size_for(kind, rows, device)
    told.append(Choice("batch-size", str(size), reason))
    return size


def _epochs(net: str, rows: int, steps: int, config: FitConfig, told: list[Choice]) -> int:
    if config.epochs is not None:
        return config.epochs
    epochs, reason = sizing.epochs_for(net, rows, steps)
    told.append(Choice("epochs", str(epochs), reason))
    return epochs


def _optimizer(config: FitConfig, told: list[Choice]) -> tuple[str, float]:
    """Its name and weight decay."""
    if config.optimizer == "auto":
        name = DEFAULT_OPTIMIZER
        told.append(Choice("optimizer", name, "needs the least tuning of its rate"))
    else:
        name = optim.OPTIMIZERS.proper(config.optimizer)
    if config.weight_decay is not None:
        return name, config.weight_decay
    if optim.OPTIMIZERS.name(name) != "adamw":
        return name, 0.0
    shrinking = regularizing.shrinking(config.regularize)
    if shrinking:
        told.append(
            Choice("weight-decay", "0", f"{shrinking} was asked for, and is all that shrinks weights")
        )
        return name, 0.0
    told.append(Choice("weight-decay", f"{DECAY:g}", "adamw's usual one; biases and norms do not decay"))
    return name, DECAY


def _schedule(
    info: optim.OptimizerInfo, epochs: int, steps_per_epoch: int, config: FitConfig, told: list[Choice]
) -> str:
    if config.schedule != "auto":
        optim.check_schedule(config.schedule, epochs=epochs)
        return optim.SCHEDULES.proper(config.schedule)
    if info.closure:
        told.append(Choice("schedule", "constant", f"{info.name} finds the length of its steps itself"))
        return "constant"
    if "swa" in regularizing.named(config.regularize):
        told.append(Choice("schedule", "constant", "swa averages weights that keep moving"))
        return "constant"
    steps = epochs * steps_per_epoch
    name = "one-cycle" if steps >= ANNEAL_FROM else "cosine"
    limit = f"{steps} steps, {'enough' if steps >= ANNEAL_FROM else 'too few'} to warm up first"
    told.append(Choice("schedule", name, f"{limit} (limit {ANNEAL_FROM}); the rate falls to zero at the end"))
    return name


def _patience(schedule: str, epochs: int, config: FitConfig, told: list[Choice]) -> int:
    if config.patience is not None:
        return config.patience
    if "swa" in regularizing.named(config.regularize):
        told.append(Choice("patience", "0", "swa begins late, and its average is what counts"))
        return 0
    name, options = optim.check_schedule(schedule, epochs=epochs)
    if name == "plateau":
        waits = options.get("patience", PLATEAU_PATIENCE) + 1
        patience = max(PATIENCE, DIVISIONS * waits)
        reason = f"the rate is divided after {waits} epochs without gain: {DIVISIONS} times, before it stops"
    elif name in ANNEALED:
        patience = max(PATIENCE, math.ceil(ANNEALED_PATIENCE * epochs))
        reason = f"half of {epochs} epochs, {PATIENCE} at least: with {schedule} the end gains most"
    else:
        patience, reason = PATIENCE, "epochs without a better validation loss"
    told.append(Choice("patience", str(patience), reason))
    return patience


def _clip(net: str, config: FitConfig, told: list[Choice]) -> float | None:
    if config.clip is not None or net not in RECURRENT:
        return config.clip
    told.append(Choice("clip", f"{RECURRENT_CLIP:g}", "recurrent nets meet cliffs; the handbook's 5 to 15"))
    return RECURRENT_CLIP
