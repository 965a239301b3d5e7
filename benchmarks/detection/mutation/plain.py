"""Run a script by itself and keep what it prints."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from benchmarks.detection import forking

# Seconds after which a mutant counts as hung; healthy scripts need a tenth of it.
SCRIPT_SECONDS = 180


def output(path: Path, seed: int, seconds: float = SCRIPT_SECONDS, *, fresh: bool = False) -> str | None:
    """What a script prints; None when it fails or does not end in time.

    Args:
        path: the script.
        seed: given to it as ``--seed`` and in the environment as ``SEED``.
        seconds: after these it is ended.
        fresh: start it in a new Python; see `forking`.
    """
    words, env = [str(path), "--seed", str(seed)], forking.environment(seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = forking.run(words, cwd=folder, env=env, seconds=seconds, fresh=fresh)
        except subprocess.TimeoutExpired:
            return None
    return None if done.returncode else done.stdout
