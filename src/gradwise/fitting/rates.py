"""The range test alone: what a fit would do to find its rate, and the curve that it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradwise import optim
from gradwise.errors import UsageError
from gradwise.fitting.choosing import draft
from gradwise.fitting.listener import Listener
from gradwise.fitting.preparing import prepare
from gradwise.fitting.record import Record
from gradwise.train.config import FitConfig
from gradwise.train.rate_test import RangeTest


@dataclass(frozen=True, slots=True)
class Rates:
    """What came of it.

    Args:
        test: the curve and the suggestion.
        facts: of the training that was tried, by name, as they are shown.
    """

    test: RangeTest
    facts: dict[str, str]


def try_rates(
    data: Sequence[str],
    *,
    target: Sequence[str] | None,
    reading: Mapping[str, Any],
    config: FitConfig,
    progress: Listener,
) -> Rates:
    """Read the data, plan the training and test rates, exactly as a fit with these settings would.

    Args:
        data: paths.
        target: columns to predict.
        reading: how the data is read, see `gradwise.fitting.fit.fit`.
        config: settings of the fit; a rate is set aside.
        progress: hears the choices.

    Raises:
        UsageError: data or settings that cannot be used, or an optimizer that finds its steps itself.
    """
    if config.optimizer != "auto" and optim.OPTIMIZERS[config.optimizer].closure:
        name = optim.OPTIMIZERS.name(config.optimizer)
        raise UsageError(
            f"--range-test: {name} finds the length of its steps itself; there is no rate to test."
        )
    options = {**reading, "target": list(target or ()) or None}
    record = Record(data={"paths": list(data), "options": options}, config=config.given())
    prepared = prepare(record, data, config, progress)
    for choice in prepared.choices:
        progress.chose(choice)
    encoder, train = prepared.encoder, prepared.sets.train
    if config.rate is not None:
        progress.said(f"rate {config.rate:g} is set aside for the test")
    drafted = draft(config, encoder.task, encoder.shape(), train, progress.chose)
    recipe = drafted.recipe
    facts = {
        "Net": recipe.net,
        "Optimizer": recipe.optimizer,
        "Batch size": f"{recipe.batch_size:,}",
        "Rows": f"{len(train):,}",
        "Usual rate": f"{drafted.usual:g}",
    }
    return Rates(drafted.test_rates(config), facts)
