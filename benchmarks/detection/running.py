"""Run `gradwise check` on scripts of the corpus, each in a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from benchmarks.detection import forking
from benchmarks.detection.corpus import Script
from benchmarks.detection.journal import Journal
from benchmarks.detection.onset import stands_from
from benchmarks.detection.scoring import Outcome, read_findings

# Seconds after which a check counts as hung; scripts need 2 to 12.
CHECK_SECONDS = 240
# Exit codes of `gradwise check` that come with a report: nothing found, found, script failed.
REPORTED = (0, 1, 3)


def check(script: Script, seed: int, *, onset: bool, fresh: bool = False) -> Outcome:
    """Check one script under one seed.

    Args:
        script: the script.
        seed: given to it as ``--seed`` and in the environment as ``SEED``.
        onset: judge the trace again, cut short, to learn when the finding first stood.
        fresh: start it in a new Python; see `forking`.
    """
    with tempfile.TemporaryDirectory() as folder:
        report, run = Path(folder, "report.json"), Path(folder, "run")
        words = ["-m", "gradwise", "check", "--quiet", "--json", str(report)]
        words += ["--out", str(run), str(script.path), "--seed", str(seed)]
        started = time.perf_counter()
        try:
            done = forking.run(
                words, cwd=folder, env=forking.environment(seed), seconds=CHECK_SECONDS, fresh=fresh
            )
        except subprocess.TimeoutExpired:
            return Outcome(script, seed, error=f"no end after {CHECK_SECONDS} s", seconds=CHECK_SECONDS)
        seconds = time.perf_counter() - started
        if done.returncode not in REPORTED or not report.exists():
            return Outcome(script, seed, error=_last_line(done.stderr, done.returncode), seconds=seconds)
        try:
            findings = read_findings(json.loads(report.read_text("utf-8")))
        except (ValueError, KeyError) as problem:
            return Outcome(script, seed, error=f"unreadable report: {problem}", seconds=seconds)
        error = _last_line(done.stderr, 3) if done.returncode == 3 else ""
        outcome = Outcome(script, seed, findings, seconds=seconds, error=error)
        if onset and script.kind == "sick" and outcome.found:
            step = stands_from(run, script.expected)
            return Outcome(script, seed, findings, step, seconds, error)
        return outcome


def check_all(
    scripts: Sequence[Script],
    seeds: Sequence[int],
    *,
    jobs: int,
    onset: bool,
    tell: Callable[[Outcome], None],
    journal: Journal | None = None,
    fresh: bool = False,
) -> list[Outcome]:
    """Check every script under its seeds, a few at a time; healthy scripts and twins under the first only.

    Args:
        scripts: what to check.
        seeds: seeds for the sick scripts; a fault may show in some runs only.
        jobs: processes side by side.
        onset: see `check`.
        tell: called with each outcome as it comes.
        journal: takes every outcome as it comes, and knows those of an earlier, stopped run.
        fresh: see `check`.
    """
    tasks = [(s, seed) for s in scripts for seed in (seeds if s.kind == "sick" else seeds[:1])]
    known = [journal.known(s, seed, onset=onset) if journal else None for s, seed in tasks]
    with ThreadPoolExecutor(jobs) as pool:
        futures = {
            pool.submit(check, *task, onset=onset, fresh=fresh): place
            for place, (task, before) in enumerate(zip(tasks, known, strict=True))
            if before is None
        }
        try:
            for future in as_completed(futures):
                outcome = known[futures[future]] = future.result()
                if journal:
                    journal.add(outcome, onset=onset)
                tell(outcome)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [outcome for outcome in known if outcome is not None]


def _last_line(text: str, code: int) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return f"exit {code}: {lines[-1].strip()[:200] if lines else 'nothing on stderr'}"
