"""One script under diagnosers, in a process of its own that is forked from one with torch loaded.

Forking spares every run the two seconds that importing torch takes; what is measured begins after it, for
the plain run and for the watched ones alike.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.detection.peers.alarms import Alarm, Said, gathered
from benchmarks.detection.peers.watchers import PEERS, Enough, Peer, Watcher
from benchmarks.detection.scoring import ALARMING, read_findings

PLAIN, OURS = "none", "gradwise"
# Seconds of processor time after which a run is ended.
LIMIT = 180
# Seconds on the clock after which it hangs.
WAIT = 600


def plain(script: Path, seed: int) -> dict[str, Said]:
    """The script alone."""
    began = _cpu()
    error = run(script, seed)
    return {PLAIN: Said(attached=False, script_error=error, seconds=_cpu() - began)}


def gradwise(script: Path, seed: int) -> dict[str, Said]:
    """The script under ``gradwise check`` with its defaults."""
    from gradwise.cli.app import main

    report, began = Path("report.json").absolute(), _cpu()
    sys.argv = ["gradwise", "check", "--quiet", "--isolated", "--json", str(report), "--out", "run"]
    sys.argv += [str(script), "--seed", str(seed)]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    seconds = _cpu() - began
    if not report.exists():
        return {OURS: Said(attached=False, why=f"exit {code}, no report", seconds=seconds)}
    said = [
        (f.rule, "critical" if f.group in ALARMING else "info", f.message)
        for f in read_findings(json.loads(report.read_text("utf-8")))
    ]
    return {OURS: Said(attached=True, alarms=tuple(gathered(said)), seconds=seconds)}


def watched(peer: Peer, script: Path, seed: int) -> dict[str, Said]:
    """The script under a diagnoser that hangs on the model."""
    began, watcher = _cpu(), peer.load()()
    said = _under(watcher, script, seed, watcher.alarms)
    if watcher.extra is not None:
        return {peer.name: Said(**{**_fields(said), "extra": watcher.extra})}
    return {peer.name: Said(**{**_fields(said), "seconds": _cpu() - began})}


def logged(peers: Sequence[Peer], script: Path, seed: int) -> dict[str, Said]:
    """The script once, and its numbers told to each diagnoser that knows nothing else."""
    from benchmarks.detection.peers.loss_watchers import Numbers

    began, numbers = _cpu(), Numbers()
    common = _under(numbers, script, seed, numbers.alarms)
    shared, result = _cpu() - began, {}
    for peer in peers:
        began = _cpu()
        try:
            alarms, why = tuple(numbers.told_to(peer.load()())), common.why
        except Exception as problem:  # noqa: BLE001 - a diagnoser without a report is a result
            alarms, why = (), f"{type(problem).__name__}: {problem}"[:300]
        fields = {"alarms": alarms, "why": why, "attached": common.attached and not why}
        result[peer.name] = Said(**{**_fields(common), **fields, "seconds": shared + _cpu() - began})
    return result


def read(peer: Peer, script: Path, seed: int) -> dict[str, Said]:
    """The script before the eyes of a linter."""
    began = _cpu()
    alarms = tuple(peer.load()(script))
    return {peer.name: Said(attached=True, alarms=alarms, extra=_cpu() - began)}


def forked(task: Callable[[], Mapping[str, Said]], names: Sequence[str]) -> dict[str, Said]:
    """Do a task in a child of this process and in a folder of its own; what it died of stands for each name."""
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            _as_child(task, Path(folder))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        answer = Path(folder, "said.json")
        if answer.exists():
            return {
                name: Said.from_json(said) for name, said in json.loads(answer.read_text("utf-8")).items()
            }
        last = Path(folder, "output.txt").read_text("utf-8", "replace").strip().splitlines()[-1:]
        return {
            name: Said(attached=False, why=f"ended with {status}: {''.join(last)[:200]}") for name in names
        }


def _as_child(task: Callable[[], Mapping[str, Said]], folder: Path) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
        signal.alarm(WAIT)
        os.chdir(folder)
        output = os.open("output.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        said = {name: s.to_json() for name, s in task().items()}
        os.chdir(folder)
        Path("unfinished.json").write_text(json.dumps(said), "utf-8")
        Path("unfinished.json").rename("said.json")
        code = 0
    except BaseException:  # noqa: BLE001 - nothing may leave the child
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _under(watcher: Watcher, script: Path, seed: int, alarms: Callable[[], Sequence[Alarm]]) -> Said:
    from benchmarks.detection.peers.loop import Loop

    loop = Loop(watcher)
    loop.install()
    error = run(script, seed)
    why = loop.why or ("" if loop.attached else "no training loop was seen")
    said: tuple[Alarm, ...] = ()
    if not why:
        try:
            said = tuple(alarms())
        except Exception as problem:  # noqa: BLE001 - a diagnoser without a report is a result
            why = f"no report: {type(problem).__name__}: {problem}"[:300]
    return Said(not why, said, why, error, loop.steps)


def run(script: Path, seed: int) -> str:
    """Run a script as ``python script.py --seed SEED`` would; what it died of, or ""."""
    sys.argv = [str(script), "--seed", str(seed)]
    os.environ["SEED"] = str(seed)
    sys.path.insert(0, str(script.parent))
    try:
        runpy.run_path(str(script), run_name="__main__")
    except Enough:
        return ""
    except SystemExit as end:
        return "" if end.code in (None, 0) else f"exit {end.code}"
    except BaseException as error:  # noqa: BLE001 - whatever a script dies of
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"[:300]
    return ""


Task = Callable[[Path, int], dict[str, Said]]


def units(names: Sequence[str]) -> list[tuple[list[str], Task]]:
    """What is to be forked for each script: the names that come of it, and the task."""
    asked = [PEERS[name] for name in names if name in PEERS]
    result: list[tuple[list[str], Task]] = [([PLAIN], plain)]
    if OURS in names:
        result.append(([OURS], gradwise))
    numbers = [peer for peer in asked if peer.sees == "numbers"]
    if numbers:
        result.append(([p.name for p in numbers], partial(logged, numbers)))
    others = [peer for peer in asked if peer.sees != "numbers"]
    return result + [([p.name], partial(watched if p.sees == "model" else read, p)) for p in others]


def _fields(said: Said) -> dict[str, Any]:
    return {name: getattr(said, name) for name in Said.__dataclass_fields__}


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
