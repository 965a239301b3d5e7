"""Runs of the corpus that are kept: made by `gradwise check`, each in a folder that says what it came from."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import gradwise
from benchmarks.detection import forking
from benchmarks.detection.corpus import SPLITS, Script, Split, load_split

# Seconds after which a script counts as hung.
CHECK_SECONDS = 300
# Exit codes of `gradwise check` that come with a report: nothing found, found, script failed.
REPORTED = (0, 1, 3)
ORIGIN = "origin.json"  # beside a kept run: script, seed, digest of the script, version, how it was started


@dataclass(frozen=True, slots=True)
class Kept:
    """A run of a script that lies in a folder.

    Args:
        script: the script, as the manifests declare it.
        seed: the seed it ran under.
        folder: where the run lies.
    """

    script: Script
    seed: int
    folder: Path

    @property
    def run(self) -> Path:
        """Directory of the recorded run."""
        return self.folder / "run"

    @property
    def report(self) -> Path:
        """What `gradwise check` said when the run was recorded."""
        return self.folder / "report.json"


def scripts_of(splits: Sequence[Split] = SPLITS) -> list[tuple[Script, ...]]:
    """The corpus in units that stay together: a sick script with its twin, or one healthy script."""
    units: list[tuple[Script, ...]] = []
    for split in splits:
        pairs, healthy = load_split(split)
        units += [pair.scripts() for pair in pairs]
        units += [(script,) for script in healthy]
    return units


def spread(units: Sequence[tuple[Script, ...]], limit: int) -> list[Script]:
    """Scripts of whole units, at most ``limit``, taken evenly from the corpus; all of them for 0.

    >>> one, two = Script("a", "healthy", Path("a.py")), Script("b", "healthy", Path("b.py"))
    >>> [script.name for script in spread([(one,), (two,), (two,), (one,)], 2)]
    ['a', 'b']
    """
    every = sum(map(len, units))
    if not 0 < limit < every:
        return [script for unit in units for script in unit]
    taken: list[Script] = []
    seen = 0
    for unit in units:
        seen += len(unit)
        if len(taken) < seen * limit / every and len(taken) + len(unit) <= limit:
            taken += unit
    return taken


def tasks_of(scripts: Sequence[Script], seeds: int, folder: Path) -> list[Kept]:
    """The runs to keep: sick scripts under every seed, twins and healthy scripts under the first."""
    return [
        Kept(script, seed, folder / script.split / script.kind / script.name / f"seed-{seed}")
        for script in scripts
        for seed in range(seeds if script.kind == "sick" else 1)
    ]


def kept_in(folder: Path, scripts: Sequence[Script]) -> list[Kept]:
    """The runs of these scripts that lie in a folder, whatever their seeds."""
    found = []
    for script in scripts:
        for place in sorted((folder / script.split / script.kind / script.name).glob("seed-*")):
            seed = place.name.removeprefix("seed-")
            if seed.isdecimal() and (place / ORIGIN).is_file():
                found.append(Kept(script, int(seed), place))
    return found


def missing(tasks: Sequence[Kept]) -> Iterator[Kept]:
    """Those that were not recorded yet, or whose script is another one since."""
    return (task for task in tasks if problem(task))


def problem(task: Kept) -> str:
    """Why a kept run cannot be judged; "" when it can."""
    origin = task.folder / ORIGIN
    if not origin.is_file():
        return "not recorded"
    if json.loads(origin.read_text("utf-8"))["digest"] != digest(task.script.path):
        return "the script has changed since it was recorded"
    return ""


def ways(tasks: Sequence[Kept]) -> set[str]:
    """How kept runs were started: ``forked``, ``fresh`` or both."""
    origins = (json.loads((task.folder / ORIGIN).read_text("utf-8")) for task in tasks)
    return {origin.get("started", forking.FRESH) for origin in origins}


def record(
    tasks: Sequence[Kept],
    *,
    jobs: int,
    tell: Callable[[Kept, str], None] = lambda task, fault: None,
    fresh: bool = False,
) -> dict[str, str]:
    """Run `gradwise check` for each task and keep the run.

    Args:
        tasks: what to record; what lies in their folders is replaced.
        jobs: processes side by side.
        tell: called with each task when it is done, and why it gave no run ("" where it did).
        fresh: start each in a new Python; see `forking`.

    Returns:
        Why there is no run, by the folder of those tasks that gave none.
    """
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(_record, task, fresh=fresh): task for task in tasks}
        faults = {}
        for future in as_completed(futures):
            task, fault = futures[future], future.result()
            tell(task, fault)
            if fault:
                faults[str(task.folder)] = fault
        return faults


def digest(path: Path) -> str:
    """Digest of a script's text; "" where there is no script any more."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.is_file() else ""


def _record(task: Kept, *, fresh: bool) -> str:
    shutil.rmtree(task.folder, ignore_errors=True)
    task.folder.mkdir(parents=True)
    words = ["-m", "gradwise", "check", "--quiet", "--isolated"]
    words += ["--json", str(task.report.absolute()), "--out", str(task.run.absolute())]
    words += [str(task.script.path.absolute()), "--seed", str(task.seed)]
    before = digest(task.script.path)
    with tempfile.TemporaryDirectory() as place:
        try:
            env = forking.environment(task.seed)
            done = forking.run(words, cwd=place, env=env, seconds=CHECK_SECONDS, fresh=fresh)
        except subprocess.TimeoutExpired:
            return f"no end after {CHECK_SECONDS} s"
    if done.returncode not in REPORTED or not task.report.is_file() or not task.run.exists():
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return f"exit {done.returncode}: {lines[-1][:200] if lines else 'nothing on stderr'}"
    (task.run / "report.html").unlink(missing_ok=True)  # 5 MB of a run's 5.3
    told = {"script": task.script.label, "seed": task.seed, "digest": before}
    told |= {"version": gradwise.__version__, "started": forking.way(fresh=fresh)}
    (task.folder / ORIGIN).write_text(json.dumps(told), "utf-8")
    return ""
