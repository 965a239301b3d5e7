"""More optimizers by name, from the package pytorch_optimizer where it is installed."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Mapping

from gradwise.optim.optimizer import OptimizerInfo

USUAL = 0.001  # rate where the class names none: that of Adam, which most of them vary


class PackageOptimizers(Mapping[str, OptimizerInfo]):
    """The package's optimizers by their names there, hyphens aside; none where it is not installed.

    The package is imported when the first name is asked for, which costs a second.
    """

    def __getitem__(self, name: str) -> OptimizerInfo:
        word = name.replace("-", "")
        if word not in _names():
            raise KeyError(name)
        from pytorch_optimizer import load_optimizer

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

    def __iter__(self) -> Iterator[str]:
        return iter(_names())

    def __len__(self) -> int:
        return len(_names())


def _names() -> list[str]:
    try:
        from pytorch_optimizer import get_supported_optimizers
    except ImportError:
        return []
    return list(get_supported_optimizers())
