"""A fit's settings with nothing left open: what ``run.json`` keeps, and what a training is built from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from gradwise.errors import TraceError
from gradwise.train.config import FitConfig
from gradwise.train.plan import Plan
from gradwise.train.speed import Speed


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything resolved; the same recipe, data and seed give the same weights.

    Args:
        net: its name in the registry of nets.
        options: keyword arguments of the net beside the shape of its input.
        optimizer: by name.
        rate: learning rate.
        weight_decay: of the optimizer.
        schedule: by name.
        epochs: at most.
        batch_size: examples per step.
        loss: by name.
        class_weights: one per class; None: all alike.
        balanced: classes fill even shares of every batch.
        augment: augmentations of the training batches by name, with options; ``none`` without.
        regularize: regularisers by name, with options; ``none`` without.
        clip: largest gradient norm; None: not clipped.
        patience: epochs without improvement; 0: never stops early.
        init: initialiser by name; None: the net's own.
        weights: file or run, absolute, that the net begins with; None: drawn.
        weights_digest: SHA-256 of its content.
        freeze: which stages stay as they are, see `gradwise.train.transfer.Freezing`; ``none``.
        unfreeze_every: epochs after which one more stage learns; None: never.
        rate_decay: of the rate from one stage to the one before it; None: one rate.
        teacher: run, absolute, of the network that is learnt from; None: none.
        teacher_digest: SHA-256 of its weights.
        distill: how it is learnt from: ``temperature=4,weight=0.9``.
        ema: decay of the averaged weights; None: not averaged.
        seed: of everything random.
        device: where it trains.
        bf16: autocast to bfloat16.
        channels_last: memory layout of images.
        fused: the optimizer's fused form; None: the optimizer's own default.
        threads: of torch; None: as torch chooses.
        compile: torch.compile.
        runs: nets, each with a seed of its own: ``seed``, ``seed`` + 1 ...
        together: they train at once, in one stack of weights; else one after another.
    """

    net: str
    options: dict[str, Any]
    optimizer: str
    rate: float
    weight_decay: float
    schedule: str
    epochs: int
    batch_size: int
    loss: str
    class_weights: list[float] | None = None
    augment: str = "none"
    regularize: str = "none"
    clip: float | None = None
    patience: int = 0
    init: str | None = None
    weights: str | None = None
    weights_digest: str = ""
    freeze: str = "none"
    unfreeze_every: int | None = None
    rate_decay: float | None = None
    teacher: str | None = None
    teacher_digest: str = ""
    distill: str = ""
    ema: float | None = None
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False
    channels_last: bool = False
    fused: bool | None = None
    threads: int | None = None
    compile: bool = False
    runs: int = 1
    together: bool = False
    balanced: bool = False

    @property
    def seeds(self) -> tuple[int, ...]:
        """One per run."""
        return tuple(range(self.seed, self.seed + self.runs))

    @classmethod
    def draft(cls, plan: Plan, config: FitConfig, device: str, *, usual_rate: float) -> Recipe:
        """A plan as a recipe, before speed and rate are found.

        Args:
            plan: the settings of the training.
            config: those that the plan leaves as they are.
            device: where it trains.
            usual_rate: stands in where the plan has no rate yet.
        """
        return cls(
            net=plan.net,
            options=dict(plan.net_options),
            optimizer=plan.optimizer,
            rate=plan.rate if plan.rate is not None else usual_rate,
            weight_decay=plan.weight_decay,
            schedule=plan.schedule,
            epochs=plan.epochs,
            batch_size=plan.batch_size,
            loss=plan.loss,
            augment=plan.augment,
            regularize=plan.regularize,
            class_weights=list(plan.class_weights) if plan.class_weights is not None else None,
            clip=plan.clip,
            patience=plan.patience,
            init=plan.init,
            weights=config.weights,
            freeze=config.freeze.strip().lower(),
            unfreeze_every=config.unfreeze_every,
            rate_decay=config.rate_decay,
            teacher=config.teacher,
            distill=config.distill,
            balanced=config.balanced_batches,
            ema=config.ema,
            seed=config.seed,
            device=device,
        )

    def at(self, speed: Speed) -> Recipe:
        """The same training at another pace."""
        return replace(
            self,
            bf16=speed.precision == "bf16",
            channels_last=speed.channels_last,
            fused=speed.fused,
            threads=speed.threads,
            compile=speed.compile,
        )

    def as_dict(self) -> dict[str, Any]:
        """For ``run.json``."""
        return asdict(self)

    @classmethod
    def of(cls, document: dict[str, Any]) -> Recipe:
        """A recipe from ``run.json``.

        Raises:
            TraceError: something is missing.
        """
        known = {item.name for item in fields(cls)}
        try:
            return cls(**{name: value for name, value in document.items() if name in known})
        except TypeError as error:
            raise TraceError(f"run.json holds no complete recipe ({error}); fit again.") from error
