"""Which process writes a run, and whether it still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path


def this_process() -> dict[str, str]:
    """What identifies this process: its id, its start time (clock ticks since boot), its machine."""
    pid = os.getpid()
    return {"pid": str(pid), "pid_started": _start_time(pid), "machine": _machine()}


def is_alive(process: Mapping[str, str]) -> bool | None:
    """Whether the process of `this_process` runs now; None when it cannot be told from here."""
    if not process.get("pid", "").isdigit() or process.get("machine") != _machine():
        return None
    pid = int(process["pid"])
    if os.name != "posix":
        return None  # signal 0 is no harmless probe there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it exists and belongs to someone else
    # An id is given out again after its process ended; the start time is not.
    return _start_time(pid) == process.get("pid_started", "")


def _start_time(pid: int) -> str:
    try:
        # Field 22 of proc(5) stat; field 2 is the name in brackets and may hold blanks.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()
        state, started = fields[0], fields[19]
    except (OSError, IndexError):
        return ""
    return "ended" if state in "ZX" else started


def _machine() -> str:
    """Host name, boot, and process namespace: the same id elsewhere is another process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        boot = space = ""
    return f"{socket.gethostname()} {boot} {space}".strip()
