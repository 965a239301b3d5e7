"""Running probes one after another within a time, and their answers as facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any

from gradwise.probes import randomness
from gradwise.probes.bench import Bench
from gradwise.probes.collection import all_probes, find_probe
from gradwise.probes.probe import Abstain, Answer, LoadedProbe
from gradwise.probes.replica import own_weights_only, quiet
from gradwise.probes.stopwatch import Stopwatch
from gradwise.trace.captured import Captured
from gradwise.trace.model import Fact


def run_probes(
    captured: Captured,
    names: Sequence[str] | None = None,
    *,
    seconds: float,
    clip: float | None = None,
    clock: Callable[[], float] = perf_counter,
) -> list[Fact]:
    """Run probes on a copy of what was captured.

    The model, its optimizer and all random states are afterwards to the last bit what they were.

    Args:
        captured: what the watcher kept.
        names: the probes, in this order; all when None.
        seconds: for all of them together; each gets an even part of what is left.
        clip: largest gradient norm that the script lets through.
        clock: tells the time.

    Returns:
        One fact of kind ``probe`` for each.

    Raises:
        UnknownNameError: no probe has such a name.
    """
    chosen = [find_probe(name) for name in names] if names is not None else list(all_probes().values())
    kept = captured.batches or (captured.taped.batches if captured.taped else ())
    step = kept[-1].step if kept else 0
    with randomness.kept(), quiet():
        if captured.model is None:
            return list(_each(chosen, Bench(captured, clip), step, seconds, clock))
        with own_weights_only(captured):
            return list(_each(chosen, Bench(captured, clip), step, seconds, clock))


def _each(
    chosen: Sequence[LoadedProbe], bench: Bench, step: int, seconds: float, clock: Callable[[], float]
) -> Iterator[Fact]:
    whole = Stopwatch(seconds, clock)
    interrupted = False
    for number, probe in enumerate(chosen):
        begin = clock()
        if interrupted:
            told = _abstained("it was interrupted")
        elif number and whole.over:
            told = _abstained(f"the {seconds:g} s for probes were over")
        else:
            bench.watch = whole.part(len(chosen) - number)
            try:
                told = _answered(probe.run(bench))
            except Abstain as reason:
                told = _abstained(str(reason))
            except KeyboardInterrupt:
                interrupted = True
                told = _abstained("it was interrupted")
            except Exception as error:  # noqa: BLE001  one that fails must not hide the others
                told = _abstained(f"it failed with {type(error).__name__}: {error}")
        told |= {"seconds": round(clock() - begin, 4), "replayed": bench.admitted}
        yield Fact(step, "probe", probe.declaration.name, told)


def _answered(answer: Answer) -> dict[str, Any]:
    measured = dict(answer.data)
    return {"status": "answered", "verdict": answer.verdict, "text": answer.text, "measured": measured}


def _abstained(reason: str) -> dict[str, Any]:
    return {"status": "abstained", "verdict": "", "text": reason, "measured": {}}
