"""The environment of the peers: ``python -m benchmarks.fit.environment FOLDER [PINNED]``.

It sees everything of the environment that makes it, so that torch is the same, and holds what peers.txt
(or another list) pins beside it; the main environment stays as it is.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

PINNED = Path(__file__).with_name("peers.txt")
TORCH = "import importlib.metadata as m; print(m.version('torch'))"


def build(folder: Path, pinned: Path = PINNED) -> Path:
    """Make the environment and return its Python.

    Raises:
        RuntimeError: torch differs from the maker's afterwards.
        subprocess.CalledProcessError: pip failed.
    """
    venv.create(folder, with_pip=False, clear=True)
    python = folder / "bin" / "python"
    ours = sysconfig.get_path("purelib")
    theirs = Path(_said(python, "import sysconfig; print(sysconfig.get_path('purelib'))"))
    theirs.joinpath("beside.pth").write_text(f"import site; site.addsitedir({ours!r})\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    subprocess.run([*pip, "--quiet", "--no-deps", "--requirement", str(pinned)], check=True)
    before, after = _said(Path(sys.executable), TORCH), _said(python, TORCH)
    if before != after:
        raise RuntimeError(f"the peers brought torch {after}; {before} is what is wanted. Look at {pinned}.")
    return python


def _said(python: Path, code: str) -> str:
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    print(build(*map(Path, sys.argv[1:])))
