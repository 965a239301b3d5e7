"""More optimizers by name, from the package pytorch_optimizer where it is installed."""

from __future__ import annotations

import inspect
import math

from gradwise.optim.optimizer import OptimizerInfo

USUAL = 0.001  # rate where the class names none: that of Adam, which most of them vary


def from_package(name: str) -> OptimizerInfo | None:
    """One of the package's optimizers by its name there, hyphens aside; None where it has none or is missing.

    Args:
        name: lower case, e.g. ``lion`` or ``ada-belief``.
    """
    try:
        from pytorch_optimizer import get_supported_optimizers, load_optimizer
    except ImportError:
        return None
    word = name.replace("-", "")
    if word not in get_supported_optimizers():
        return None
    maker = load_optimizer(word)
    default = inspect.signature(maker).parameters["lr"].default
    known = isinstance(default, int | float) and math.isfinite(default)
    return OptimizerInfo(
        name,
        maker,
        float(default) if known else USUAL,
        "default of pytorch_optimizer",
        f"{maker.__name__} of the package pytorch_optimizer",
    )
