"""Finding things by name: aliases, did-you-mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x' or 'y'?)`` for the closest known names, or "".

    >>> nearest("dead-rely", ["dead-relu", "loss-nan"])
    " (did you mean 'dead-relu'?)"
    """
    lowered = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower().replace("_", "-"), lowered, n=2, cutoff=0.6)
    if not close:
        return ""
    return " (did you mean " + " or ".join(repr(lowered[name]) for name in close) + "?)"
