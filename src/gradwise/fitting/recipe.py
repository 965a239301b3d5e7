"""A fit's settings with nothing left open: what ``run.json`` keeps, and what a training is built from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from gradwise.errors import TraceError


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
        clip: largest gradient norm; None: not clipped.
        patience: epochs without improvement; 0: never stops early.
        init: initialiser by name; None: the net's own.
        ema: decay of the averaged weights; None: not averaged.
        seed: of everything random.
        device: where it trains.
        bf16: autocast to bfloat16.
        channels_last: memory layout of images.
        fused: the optimizer's fused form; None: the optimizer's own default.
        threads: of torch; None: as torch chooses.
        compile: torch.compile.
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
    clip: float | None = None
    patience: int = 0
    init: str | None = None
    ema: float | None = None
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False
    channels_last: bool = False
    fused: bool | None = None
    threads: int | None = None
    compile: bool = False

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
