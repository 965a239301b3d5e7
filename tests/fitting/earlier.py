"""Earlier fits that others begin with: iris in two sets of classes, digits in two halves."""

from __future__ import annotations

import numpy as np
import polars as pl
from safetensors.torch import load_file
from sklearn.datasets import load_digits

from gradwise.fitting.fit import fit
from gradwise.fitting.network import WEIGHTS
from tests.fitting.conftest import write_table

QUICK = {
    "rate": 0.01,
    "fused": "no",
    "precision": "float32",
    "layout": "contiguous",
    "threads": 1,
    "patience": 0,
}
OLD = {"width": 16, "norm": "batch-norm", **QUICK}


def state(run):
    return load_file(run / WEIGHTS)


def make_earlier(folder):
    """Tables and images, and runs called ``two`` (classes of iris), ``all`` and ``cnn`` (digits up to 4)."""
    table = pl.read_csv(write_table("iris", folder / "raw.csv")).rename({"y": "kind"})
    table.write_csv(folder / "iris.csv")
    table.filter(pl.col("kind") != "setosa").write_csv(folder / "two.csv")
    shifted = table.with_columns(
        (pl.col("petal length (cm)") + 1).alias("petal length (cm)"), extra=pl.lit(1.5)
    )
    shifted.with_columns(extra=pl.int_range(pl.len()) * 0.1).write_csv(folder / "more.csv")
    table.drop("petal width (cm)").write_csv(folder / "fewer.csv")
    fit(folder / "two.csv", "kind", out=folder / "two", epochs=8, depth=3, doctor=False, **OLD)
    fit(folder / "iris.csv", "kind", out=folder / "all", epochs=15, doctor=False, **OLD)
    pixels, digit = (load_digits().images * 15.9).astype(np.uint8), load_digits().target
    for name, low, high in (("low", 0, 5), ("high", 5, 10)):
        rows = np.flatnonzero((digit >= low) & (digit < high))[:200]
        np.savez(folder / f"{name}.npz", x=pixels[rows], y=digit[rows])
    fit(folder / "low.npz", net="cnn", width=4, out=folder / "cnn", epochs=2, doctor=False, **QUICK)
