"""Run a script by itself, in a process forked from one that has torch loaded already.

Loading torch and scikit-learn takes longer than most mutants do, and admission
runs each under several seeds.  Checks do not come this way: they are started as
a user starts them.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
import tempfile
import traceback
from pathlib import Path

# Seconds after which a mutant counts as hung; healthy scripts need a tenth of it.
SCRIPT_SECONDS = 180
PRELOADED = (
    "torch",
    "torch.utils.data",
    "torch.nn.functional",
    "sklearn.datasets",
    "sklearn.model_selection",
    "sklearn.preprocessing",
)


def output(path: Path, seed: int, seconds: float = SCRIPT_SECONDS) -> str | None:
    """What a script prints; None when it fails or does not end in time.

    Args:
        path: the script.
        seed: given to it as ``--seed`` and in the environment as ``SEED``.
        seconds: after these it is ended.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "printed.txt")
        child = context.Process(target=_run, args=(str(path), seed, str(printed)))
        child.start()
        child.join(seconds)
        if child.is_alive():
            child.kill()
            child.join()
            return None
        return printed.read_text("utf-8", "replace") if child.exitcode == 0 else None


def _run(path: str, seed: int, printed: str) -> None:
    """In the child: become the script, on one thread as the checks are."""
    import torch

    torch.set_num_threads(1)
    with open(printed, "w", encoding="utf-8") as file, open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(file.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.argv = [path, "--seed", str(seed)]
        os.environ |= {"SEED": str(seed)}
        os.chdir(Path(printed).parent)
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as end:
            _leave(0 if end.code in (None, 0) else 1)
        except BaseException:  # noqa: BLE001 whatever ends a script ends this process
            traceback.print_exc()
            _leave(1)
        _leave(0)


def _leave(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)
