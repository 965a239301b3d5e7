"""Regression on a standardised target, so that settings mean the same whatever its unit."""

from __future__ import annotations

from typing import Any


def standardised(model: Any) -> Any:
    """A regressor that learns (y − mean) / deviation of its training rows and answers in units of y.

    >>> from sklearn.linear_model import Ridge
    >>> round(float(standardised(Ridge(alpha=2)).fit([[-1], [0], [1]], [-20, 0, 20]).predict([[1]])[0]), 6)
    10.0
    """
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(model, transformer=StandardScaler())
