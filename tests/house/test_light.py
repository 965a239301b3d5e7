"""What must start fast and without torch, seen from fresh processes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

import gradwise

MAX_NAMES = 15
MAX_IMPORT = 0.050  # s of processor time for `import gradwise`
MAX_HELP = 0.300  # s of processor time for `gradwise --help`, interpreter included

# Runs a verb with torch made impossible to import, and says what got imported.
WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None
from gradwise.cli.app import main
main(sys.argv[1:])
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "100"},
    )


def test_import_brings_neither_torch_nor_numpy() -> None:
    done = python("import gradwise, json, sys; print(json.dumps(sorted(sys.modules)))")
    loaded = json.loads(done.stdout)
    assert {"torch", "numpy", "rich", "typer"} & set(loaded) == set()


def test_import_is_quick() -> None:
    code = "import time; t = time.process_time(); import gradwise; print(time.process_time() - t)"
    assert min(float(python(code).stdout) for _ in range(3)) < MAX_IMPORT


def test_help_is_quick_and_brings_no_torch() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = python(WITHOUT_TORCH, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert done.returncode == 0, done.stderr
        assert "check" in done.stdout
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < MAX_HELP


@pytest.mark.parametrize(
    "verb",
    [["explain", "dead-relu"], ["explain", "A01"], ["explain", "--list"], ["runs"], ["--version"]],
    ids=" ".join,
)
def test_verbs_that_need_no_torch(verb: list[str], tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = python(WITHOUT_TORCH, *verb)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() or done.stderr.strip()


def test_public_names_are_few_and_all_there() -> None:
    assert len(gradwise.__all__) <= MAX_NAMES
    assert sorted(gradwise.__all__) == gradwise.__all__
    for name in gradwise.__all__:
        assert getattr(gradwise, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'wacht'"):
        gradwise.wacht  # noqa: B018


@pytest.mark.parametrize(
    "imports",
    [
        "import gradwise",
        "import gradwise, gradwise.watch.script",
        "import gradwise.watch.script, gradwise",
        "import gradwise, gradwise.live",
        "from gradwise import watch; import gradwise; assert watch is gradwise.watch",
    ],
)
def test_watch_can_be_called_in_whichever_order_it_is_imported(imports: str) -> None:
    done = python(f"{imports}\nprint(callable(gradwise.watch), gradwise.watch.__name__)")
    assert done.stdout.split() == ["True", "gradwise.watch"], done.stderr
