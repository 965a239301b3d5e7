"""``gradwise fit --range-test``: the suggested rate on standard output, and the curve as a page."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwise.cli.fit_outcome import finite
from gradwise.cli.outcome import write_document
from gradwise.cli.screen import shown_path
from gradwise.report.rates import write_rates
from gradwise.report.terminal import printable

if TYPE_CHECKING:
    from gradwise.train.config import FitConfig


def run_range_test(
    data: Sequence[str],
    target: Sequence[str] | None,
    reading: Mapping[str, Any],
    config: FitConfig,
    *,
    page: Path,
    json_file: Path | None,
    quiet: bool,
) -> int:
    """Test rates for a fit with these settings; nothing is trained and no run is kept.

    Standard output gets the suggested rate and nothing else, so that a script can take it.
    """
    from gradwise.cli.progress import Progress
    from gradwise.fitting.rates import try_rates

    with Progress(quiet=quiet) as progress:
        found = try_rates(data, target=target, reading=reading, config=config, progress=progress)
    test = found.test
    written = write_rates(
        page,
        rates=test.rates,
        losses=test.losses,
        smooth=test.smooth,
        suggestion=test.suggestion,
        reason=test.reason,
        facts=found.facts,
    )
    if json_file is not None:
        document = {
            "schema": 1, "suggestion": test.suggestion, "found": test.found, "reason": test.reason,
            "rates": test.rates.tolist(), "losses": test.losses.tolist(), "facts": found.facts,
        }  # fmt: skip
        write_document(finite(document), json_file)
    if not quiet:
        text = f"\nrate     {test.suggestion:.2g}: {test.reason}\ncurve    {shown_path(written)}\n"
        sys.stderr.write(printable(text, getattr(sys.stderr, "encoding", None)))
    if json_file is None or str(json_file) != "-":
        sys.stdout.write(f"{test.suggestion:.2g}\n")
    return 0
