"""The parts of a split as arrays; the data they came from is given up on the way."""

from __future__ import annotations

from gradwise.data.examples import Encoder, Examples, Source, Split
from gradwise.data.table_encoder import TableEncoder
from gradwise.data.tables import TableSource


def encode_parts(source: Source, encoder: Encoder, parts: Split) -> tuple[Examples, Examples, Examples]:
    """Arrays for training, validation and test.

    A table gives up its cells block by block as they are written, so that table and arrays never
    lie whole in memory together: ``source`` cannot be used afterwards.

    Raises:
        UsageError: see `Encoder.transform`.
    """
    rows = (parts.train, parts.valid, parts.test)
    if isinstance(encoder, TableEncoder) and isinstance(source, TableSource):
        train, valid, test = encoder.transform_parts(source, rows)
    else:
        train, valid, test = (encoder.transform(source, part) for part in rows)
    return train, valid, test
