"""From data files to arrays for training: read, split, encoded; only the arrays are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradwise.data import resampling, scaling
from gradwise.data.examples import Choice, Encoder
from gradwise.data.opening import open_source
from gradwise.data.parting import encode_parts
from gradwise.data.series import SeriesSource
from gradwise.data.splitting import split
from gradwise.errors import UsageError
from gradwise.fitting.adopting import adopt
from gradwise.fitting.deciding import check_threshold
from gradwise.fitting.listener import Listener
from gradwise.fitting.record import Record
from gradwise.fitting.run import Sets
from gradwise.fitting.timing import timed
from gradwise.train.config import FitConfig


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data as a training takes it.

    Args:
        encoder: the fitted preprocessing.
        sets: arrays for training, validation and test.
        choices: what was chosen on the way.
    """

    encoder: Encoder
    sets: Sets
    choices: tuple[Choice, ...]


def prepare(
    record: Record,
    places: Sequence[str],
    config: FitConfig,
    progress: Listener,
    *,
    encoder: Encoder | None = None,
) -> Prepared:
    """Read, split and encode; what was read is gone when this returns, which leaves its memory to the net.

    Args:
        record: says how the data is read; gets its fingerprint, number of rows and the seconds taken.
        places: files and folders, as the user named them.
        config: shares of the parts, seed.
        progress: hears what was read, the first time.
        encoder: fitted before; None: fitted now.

    Raises:
        UsageError: data that cannot be used, or that has changed since the record was made; a resampler or a
            threshold that is not for this target.
    """
    scaling.read(config.scale)  # a wrong name is told before anything is read
    with timed(record.seconds, "read"):
        source = open_source(places[0] if len(places) == 1 else list(places), **record.data["options"])
        fingerprint = source.fingerprint()
    if "fingerprint" not in record.data:
        record.data |= {"fingerprint": fingerprint, "rows": len(source)}
        if isinstance(source, SeriesSource) and source.columns:  # a prediction need not find them again
            record.data["options"] |= {"series": list(source.columns)}
        progress.read(source.describe())
    elif record.data["fingerprint"] != fingerprint:
        raise UsageError(f"the data has changed since ({', '.join(places)}); start a new fit instead.")
    with timed(record.seconds, "split"):
        parts = split(source, valid=config.valid, test=config.test, seed=config.seed)
    with timed(record.seconds, "encode"):
        fitted = adopt(source.encoder(parts.train, config.scale), config) if encoder is None else encoder
        sets = Sets(*encode_parts(source, fitted, parts))
    if sets.train.target is None:
        raise UsageError("no --target was given; name the column to predict.")
    check_threshold(config.threshold, fitted.task, len(sets.valid))
    choices = (*fitted.choices, *parts.choices)
    if resampling.proper(config.resample) == resampling.NONE:
        return Prepared(fitted, sets, choices)
    with timed(record.seconds, "resample"):
        made = resampling.resample(config.resample, sets.train, fitted.task, seed=config.seed)
    sets = replace(sets, train=made.examples, before=sets.train)
    return Prepared(fitted, sets, (*choices, *made.choices))
