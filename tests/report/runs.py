"""Runs and findings built by hand, for the tests of the report."""

from __future__ import annotations

import numpy as np

from gradwise.diagnosis import Diagnosis
from gradwise.trace.findings import Evidence, Finding
from gradwise.trace.model import Fact, ModuleInfo, ParameterInfo, RunInfo, Series, Table, Trace


def finding(**changes: object) -> Finding:
    """A dead-relu finding with evidence and one symptom."""
    symptom = Finding(
        rule="vanishing-gradient",
        code="G01",
        group="sick",
        where=("features.0.weight",),
        since_step=420,
        value=1e-5,
        threshold=1e-3,
        unit="ratio",
        message="the first layer gets 0.001 % of the last layer's gradient (limit 0.1 %)",
        why="the first layers hardly learn",
        cures=("relu",),
        evidence=(Evidence("grad_norm", ("features.0.weight",), 420, 840),),
    )
    base: dict[str, object] = {
        "rule": "dead-relu",
        "code": "A01",
        "group": "sick",
        "where": ("features.3",),
        "since_step": 400,
        "value": 0.61,
        "threshold": 0.6,
        "unit": "share of units",
        "message": "61 % of units silent on every input of the last 3 windows (limit 60 %)",
        "why": "a silent ReLU unit gets no gradient, so it never comes back",
        "cures": ("lower-lr", "leaky-relu"),
        "evidence": (Evidence("silent_share", ("features.3",), 400, 840), Evidence("loss", (), 400, 840)),
        "symptoms": (symptom,),
    }
    return Finding(**(base | changes))  # type: ignore[arg-type]


def run_info(**changes: object) -> RunInfo:
    """A run that finished 840 steps in 12.3 seconds."""
    base: dict[str, object] = {
        "script": "train.py",
        "argv": ("--epochs", "3"),
        "started": "2026-01-02 03:04:05",
        "seconds": 12.3,
        "steps": 840,
        "gradwise": "0.1.0",
        "torch": "2.13.0",
        "python": "3.11.7",
        "device": "cpu",
    }
    return RunInfo(**(base | changes))  # type: ignore[arg-type]


def sick_trace(layers: int = 4, steps: int = 840, samples: int = 60, info: RunInfo | None = None) -> Trace:
    """A run with every signal the report draws; layer ``features.3`` dies at step 400."""
    random = np.random.default_rng(3)
    at = np.unique(np.concatenate([np.arange(10), np.geomspace(10, steps - 1, samples)]).astype(np.int64))
    names = [f"features.{layer}" for layer in range(layers)]
    weights = [f"{name}.weight" for name in names]
    decay = np.exp(-np.arange(steps) / (steps / 3))
    loss = Series.of(0.4 + 2 * decay * random.lognormal(0, 0.1, steps))
    rate = Series.of(np.linspace(0.01, 0.001, steps))
    times = Series.of(random.lognormal(-5, 0.2, steps))
    wait = Series.of(random.lognormal(-7, 0.3, steps))
    shape = (len(at), layers)
    silent = np.clip(random.uniform(0.0, 0.2, shape), 0, 1)
    silent[at >= 400, 3 % layers] = 0.61
    epochs = np.arange(84, steps, 84, dtype=np.int64)
    modules = tuple(
        ModuleInfo(
            name, "ReLU" if layer % 2 else "Linear", 256 * 64, layer, "relu", bool(layer % 2), True, 256
        )
        for layer, name in enumerate(names)
    )
    parameters = tuple(
        ParameterInfo(name, (256, 64), module=name.removesuffix(".weight"), order=layer)
        for layer, name in enumerate(weights)
    )

    def table(places: list[str], values: np.ndarray) -> Table:
        return Table(at, tuple(places), values)

    scale = 10.0 ** -np.arange(layers)[::-1].clip(max=6)
    return Trace(
        run=info or run_info(steps=steps),
        series={"loss": loss, "rate": rate, "step_seconds": times, "data_seconds": wait},
        tables={
            "grad_norm": table(weights, random.lognormal(0, 0.3, shape) * scale),
            "weight_norm": table(weights, np.full(shape, 10.0)),
            "update_norm": table(weights, random.lognormal(-4.6, 0.3, shape)),
            "act_std": table(names, random.lognormal(0, 0.1, shape)),
            "silent_share": table(names, silent),
            "saturated_share": table(names, np.zeros(shape)),
            "criterion": table(["cross_entropy"], loss.mean[at][:, None]),
            "trivial": table(["cross_entropy"], np.full((len(at), 1), 2.303)),
            "accuracy": table(["cross_entropy"], (1 - decay[at])[:, None]),
            "batch_size": table(["input"], np.full((len(at), 1), 64.0)),
            "val_loss": Table(epochs, ("train.py:41",), (0.6 + decay[epochs])[:, None]),
            "val_accuracy": Table(epochs, ("train.py:41",), (0.9 - decay[epochs])[:, None]),
        },
        facts=(
            Fact(0, "optimizer", "Adam", {"class": "Adam", "lr": 0.01}),
            Fact(0, "loss-call", "cross_entropy", {"function": "cross_entropy"}),
            Fact(3, "note", "", {"where": "collector act_std", "error": "ValueError: odd shape"}),
        ),
        modules=modules,
        parameters=parameters,
        steps=steps,
    )


def sick() -> Diagnosis:
    """One cause with one symptom, by 16 rules."""
    return Diagnosis((finding(),), (), 16)
