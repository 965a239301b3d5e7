"""Modules, other directories, threads: where else a script may run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradwise
from tests.watch.processes import Done, ended, environment
from tests.watch.test_script import TRAINING, dedented, python, written


@pytest.fixture
def folder(tmp_path):
    written(tmp_path, "number = 42\n", "beside.py")
    written(tmp_path, "some data", "data.txt")
    (tmp_path / "sub").mkdir()
    return tmp_path


def test_module_of_a_package(server, tmp_path):
    written(tmp_path, "print('package', __name__)\n", "pkg/__init__.py")
    written(tmp_path, "number = 7\n", "pkg/inner/__init__.py")
    text = """
        import sys, pickle
        from . import number
        print(__name__, __package__, __spec__.name, __file__, sys.argv, sys.path[0], number)
        class Mine: pass
        print(Mine.__module__, type(pickle.loads(pickle.dumps(Mine()))) is Mine)
    """
    written(tmp_path, dedented(text), "pkg/inner/train.py")
    written(tmp_path, dedented(text).replace("from . import number", "number = 8"), "pkg/__main__.py")
    for name in ("pkg.inner.train", "pkg"):
        argv = ("-m", name, "--out", "x", "rest")
        plain = python(*argv, cwd=tmp_path)
        assert plain.code == 0, plain.err
        under = server.check(*argv, cwd=tmp_path)
        assert under.out == plain.out
        assert under.code == 2 and under.err.count("\n") == 1


def test_module_that_fails_shows_pythons_traceback(server, tmp_path):
    """Python itself shows its runpy frames there; the user's frames are the same."""
    written(tmp_path, "", "pkg/__init__.py")
    written(tmp_path, "def f():\n    1 / 0\nf()\n", "pkg/train.py")
    under = server.check("-m", "pkg.train", cwd=tmp_path)
    plain = python("-m", "pkg.train", cwd=tmp_path)
    frames = [line for line in plain.err.splitlines() if "runpy" not in line and "_run_code" not in line]
    assert under.err.splitlines()[-2] == frames[-1] == "ZeroDivisionError: division by zero"
    assert under.err.count("File ") == 2 and "gradwise/" not in under.err
    assert under.code == 3


def test_script_given_by_another_path(server, folder):
    """sys.path[0] is the script's own directory, links followed, whatever the current one is."""
    real = written(folder, "import sys, beside\nprint(sys.path[0], sys.argv[0], __file__)\n")
    (folder / "sub" / "link.py").symlink_to(real)
    for name in (str(real), "../script.py", "link.py", "./link.py"):
        plain = python(name, cwd=folder / "sub")
        assert plain.code == 0, plain.err
        assert server.check(name, cwd=folder / "sub").out == plain.out


def test_results_land_where_asked_though_the_script_changes_directory(server, folder):
    written(folder, f"import os\nos.chdir('sub')\n{TRAINING}\ntrain()\n")
    done = server.check("--out", "run", "--json", "found.json", "script.py", cwd=folder)
    assert done.code == 0, done.err
    assert (folder / "run" / "trace.sqlite").is_file()
    assert (folder / "run" / "report.html").is_file()
    assert (folder / "found.json").is_file()
    assert list((folder / "sub").iterdir()) == []


def test_the_default_directory_lies_where_the_command_was_given(server, folder):
    written(folder, f"import os\nos.chdir('sub')\n{TRAINING}\ntrain()\n")
    assert server.check("script.py", cwd=folder).code == 0
    assert len(list((folder / ".gradwise" / "runs").glob("*-script/report.html"))) == 1


def test_a_script_may_replace_argv_streams_and_hooks(server, folder):
    text = """
        import io, sys
        sys.argv[:] = ["changed", "--out", "elsewhere"]
        sys.path[:] = []
        sys.stdout = io.StringIO()
        sys.stderr = io.StringIO()
        del sys.modules["__main__"]
    """
    written(folder, TRAINING + "\ntrain()\n" + dedented(text))
    done = server.check("--out", "run", "--json", "found.json", "script.py", cwd=folder)
    assert done.code == 0
    assert (folder / "found.json").is_file() and (folder / "run" / "report.html").is_file()


def test_training_in_a_thread_is_seen(server, tmp_path):
    text = "import threading\nt = threading.Thread(target=train)\nt.start()\nt.join()\nprint('joined')\n"
    written(tmp_path, TRAINING + text)
    done = server.check("--out", "run", "script.py", cwd=tmp_path)
    assert (done.code, done.out) == (0, "joined\n"), done.err
    assert gradwise.read_run(tmp_path / "run").info.steps == 12


def test_limit_reached_in_a_thread_stops_that_thread_only(server, tmp_path):
    text = "import threading\nt = threading.Thread(target=train, args=(500,))\nt.start()\nt.join()\nprint('joined')\n"
    written(tmp_path, TRAINING + text)
    done = server.check("--out", "run", "--max-steps", "9", "script.py", cwd=tmp_path)
    assert done.code == 0, done.err
    assert gradwise.read_run(tmp_path / "run").info.steps == 9
    assert "StopRun" not in done.err


def test_the_real_command_as_installed(tmp_path):
    """Not forked: the console script, standard input through a pipe."""
    written(
        tmp_path, "import sys\nprint(sys.path[0], sys.argv, sys.stdin.read())\n" + TRAINING + "\ntrain()\n"
    )
    command = Path(sys.executable).with_name("gradwise")
    if not command.exists():
        pytest.skip("gradwise is not installed here")
    process = subprocess.Popen(
        [command, "check", "--quiet", "script.py", "--lr", "1"],
        cwd=tmp_path, env=environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    done = ended(process, "piped text")
    assert done == Done(0, f"{os.path.realpath(tmp_path)} ['script.py', '--lr', '1'] piped text\n", "")
