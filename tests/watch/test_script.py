"""The script runs as ``__main__`` exactly as Python would run it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradwise
from tests.watch.processes import Done, environment

TRAINING = """
import torch
def train(steps=12):
    torch.manual_seed(0)
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(steps):
        x = torch.randn(8, 3)
        loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model
"""


def python(*argv, cwd, text=""):
    """What Python itself does with the script."""
    done = subprocess.run(
        [sys.executable, *argv],
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def written(folder: Path, text: str, name: str = "script.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


# Each is run by Python and under watch; what they print must be the same.
SAME_OUTPUT = {
    "name space": """
        '''A page.'''
        import sys
        x: int = 1
        names = sorted(globals())
        print(names, __name__, __file__, __doc__, __package__, __spec__, __cached__, __annotations__)
        print(type(__loader__).__name__, __builtins__.__name__, sys.argv, sys.path[0])
        import __main__
        print(__main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
    """,
    "relative files and modules": """
        from beside import number
        print(number, open("data.txt").read(), __import__("os").getcwd())
    """,
    "guard": """
        print("always")
        if __name__ == "__main__":
            print("guarded")
    """,
    "pickle and dataclass": """
        import pickle
        from dataclasses import dataclass, field
        from typing import get_type_hints
        @dataclass
        class Point:
            x: "int" = 1
            more: list = field(default_factory=list)
        copy = pickle.loads(pickle.dumps(Point(2)))
        print(copy, type(copy) is Point, Point.__module__, get_type_hints(Point))
    """,
    "source is found": """
        import inspect, warnings
        def double(x):
            return 2 * x
        print(inspect.getsource(double), inspect.getsourcefile(double))
    """,
    "standard input": """
        import sys
        print(input("name? "), sys.stdin.readline(), list(sys.stdin))
    """,
    "bytes and flushing": r"""
        import sys, os
        sys.stdout.write("no newline")
        sys.stdout.flush()
        os.write(1, b"\x00\xff raw\r\n")
        sys.stdout.buffer.write("é\u2028\n".encode())
        print("end", end="")
    """,
    "argv is the script's own": """
        import sys, argparse
        parser = argparse.ArgumentParser()
        parser.add_argument("--max-steps", type=int)
        parser.add_argument("--json")
        parser.add_argument("-m")
        parser.add_argument("rest", nargs="*")
        print(parser.prog, parser.parse_args())
        sys.argv = ["other", "--x"]
        print(argparse.ArgumentParser().prog)
    """,
    "atexit": """
        import atexit
        atexit.register(print, "last")
        atexit.register(print, "before")
        print("first")
    """,
    "threads": """
        import threading, time
        def late():
            time.sleep(0.2)
            print("from the thread", threading.main_thread().is_alive())
        threading.Thread(target=late).start()
        print("from main", threading.current_thread() is threading.main_thread())
    """,
    "future and generators": """
        from __future__ import annotations
        def f(x: not_defined) -> None: ...
        print(f.__annotations__)
    """,
    "no future of ours": """
        def f(x: int) -> None: ...
        print(f.__annotations__)
    """,
    "child processes": """
        import multiprocessing as mp
        def square(x):
            return x * x, __name__
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                with mp.get_context(method).Pool(1) as pool:
                    print(pool.map(square, [1, 2, 3]))
    """,
    "changed directory": """
        import os
        os.chdir("sub")
        print(os.getcwd(), open("../data.txt").read())
    """,
    "exec of another file": """
        exec(compile(open("beside.py").read(), "beside.py", "exec"))
        print(number)
        import runpy
        print(runpy.run_path("beside.py")["number"])
    """,
    "standard streams": """
        import sys
        print(sys.stdin.fileno(), sys.stdout.fileno(), sys.stdout.encoding, sys.stdout.name, sys.stdout is sys.__stdout__)
    """,
}


def dedented(text):
    import textwrap

    return textwrap.dedent(text).lstrip()


@pytest.fixture
def folder(tmp_path):
    written(tmp_path, "number = 42\n", "beside.py")
    written(tmp_path, "some data", "data.txt")
    (tmp_path / "sub").mkdir()
    return tmp_path


ARGUMENTS = ("--max-steps", "3", "-m", "x", "--json=j", "-", "last", "two words")
STDIN = "Ada\nsecond line\nthird\nno newline"


@pytest.mark.parametrize("case", SAME_OUTPUT)
def test_prints_what_python_prints(case, server, folder):
    written(folder, dedented(SAME_OUTPUT[case]))
    stdin = written(folder, STDIN, "stdin.txt")
    argv = ("script.py", *ARGUMENTS) if "argv" in case or "name space" in case else ("script.py",)
    plain = subprocess.run(
        [sys.executable, *argv],
        cwd=folder,
        input=STDIN.encode(),
        capture_output=True,
        env=environment(),
        check=True,
    )
    under = server.check(*argv, cwd=folder, stdin=stdin, stdout=folder / "out.bin")
    assert (folder / "out.bin").read_bytes() == plain.stdout
    assert len(plain.stdout) > 5
    assert under.err == (
        "gradwise: the script ended without any training step (no optimizer.step() was seen); give a script that trains.\n"
    )
    assert under.code == 2


# Each ends with an error; what Python shows of it must be shown, and no frame of ours.
FAILING = {
    "exception": "def f():\n    return 1 / 0\nf()\n",
    "chained": "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('worse') from error\n",
    "in handling": "def g():\n    try:\n        int('x')\n    except ValueError:\n        [][1]\ng()\n",
    "group": "raise ExceptionGroup('several', [ValueError(1), TypeError(2)])\n",
    "with notes": "e = ValueError('x')\ne.add_note('a note')\nraise e\n",
    "own class": "class Odd(Exception):\n    pass\nraise Odd('text')\n",
    "import of a broken module": "import broken\n",
    "missing module": "import not_there_at_all\n",
    "in a module": "import beside\ndef f(x): raise RuntimeError(x)\nlist(map(f, [1]))\n",
    "assertion": "x = 3\nassert x == 4, f'not {x}'\n",
    "long recursion": "def r(n):\n    return r(n - 1) if n else 1 / 0\nr(30)\n",
    "exit with text": "import sys\nprint('before')\nsys.exit('a text for people')\n",
    "exit with a tuple": "import sys\nsys.exit((1, 2))\n",
    "argparse": "import argparse\nargparse.ArgumentParser().parse_args(['--no'])\n",
    "own hook": "import sys\nsys.excepthook = lambda kind, value, tb: print('hook', kind.__name__, value, tb.tb_lineno, file=sys.stderr)\nraise ValueError(1)\n",
    "unraisable": "class D:\n    def __del__(self): raise ValueError('in del')\nd = D()\ndel d\n1 / 0\n",
    "warning": "import warnings\nwarnings.warn('careful')\n1 / 0\n",
    "after chdir": "import os\nos.chdir('sub')\n1 / 0\n",
    "base exception": "raise GeneratorExit('odd')\n",
}
TEARS = "the script failed before its first training step; there is nothing to judge.\n"


@pytest.mark.parametrize("case", FAILING)
def test_fails_as_python_fails(case, server, folder):
    written(folder, FAILING[case])
    written(folder, "def f(:\n", "broken.py")
    plain = python("script.py", cwd=folder)
    under = server.check("script.py", cwd=folder)
    assert plain.code != 0 and plain.err
    addresses = re.compile("0x[0-9a-f]+")
    assert addresses.sub("0x", under.err) == addresses.sub("0x", plain.err) + f"gradwise: {TEARS}"
    assert under.out == plain.out
    assert under.code == 3


@pytest.mark.parametrize(
    ("ending", "code", "status"),
    [
        ("", 0, "finished"),
        ("import sys; sys.exit()", 0, "finished"),
        ("import sys; sys.exit(0)", 0, "finished"),
        ("import sys; sys.exit(False)", 0, "finished"),
        ("import sys; sys.exit(3)", 3, "failed"),
        ("import sys; sys.exit('text')", 3, "failed"),
        ("exit(1)", 3, "failed"),
        ("raise ValueError('after training')", 3, "failed"),
        ("raise KeyboardInterrupt", 0, "interrupted"),
    ],
)
def test_what_was_trained_is_judged_however_the_script_ends(ending, code, status, server, tmp_path):
    written(tmp_path, f"{TRAINING}\ntrain()\nprint('trained')\n{ending}\n")
    done = server.check("--out", "run", "script.py", cwd=tmp_path)
    assert done.code == code, done.err
    assert done.out == "trained\n"
    info = gradwise.read_run(tmp_path / "run").info
    assert (info.status, info.steps) == (status, 12)
    assert "no ailment found in 12 steps" in done.err
    assert ("ValueError: after training" in info.error) == ("ValueError" in ending)
    assert ("text" in done.err) == ("text" in ending)


def test_an_exception_inside_torch_looks_as_without_us(server, tmp_path):
    """Wrapped functions stand between the script and torch; their frames are not the user's business."""
    text = TRAINING + "\ntrain()\ntorch.nn.functional.mse_loss(torch.ones(2), torch.ones(3, 5, 7))\n"
    written(tmp_path, text)
    plain = python("script.py", cwd=tmp_path)
    under = server.check("--out", "run", "script.py", cwd=tmp_path)
    assert "Traceback" in plain.err and under.err.startswith(plain.err)

    written(
        tmp_path, TRAINING + "\nloss = train()(torch.ones(2, 3)).sum()\nloss.backward()\nloss.backward()\n"
    )
    plain = python("script.py", cwd=tmp_path)
    under = server.check("--out", "run2", "script.py", cwd=tmp_path)
    assert "second time" in plain.err and under.err.startswith(plain.err)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_loader_workers(method, server, tmp_path):
    text = f"""
        import os, torch
        from dataclasses import dataclass
        from torch.utils.data import DataLoader, Dataset
        import beside

        @dataclass
        class Sums(Dataset):
            n: int
            def __len__(self): return self.n
            def __getitem__(self, index):
                return torch.full((3,), float(index)), os.getpid()

        if __name__ == "__main__":
            model = torch.nn.Linear(3, 1)
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
            pids = set()
            for x, pid in DataLoader(Sums(24), batch_size=2, num_workers=2, multiprocessing_context={method!r}):
                optimizer.zero_grad()
                torch.nn.functional.mse_loss(model(x), x[:, :1]).backward()
                optimizer.step()
                pids |= set(pid.tolist())
            assert len(pids) == 2 and os.getpid() not in pids
            print("trained")
    """
    written(tmp_path, "", "beside.py")
    written(tmp_path, dedented(text))
    done = server.check("--out", "run", "--only", "loss-nan", "script.py", cwd=tmp_path)
    assert (done.code, done.out) == (0, "trained\n"), done.err
    assert "Traceback" not in done.err
    assert gradwise.read_run(tmp_path / "run").info.steps == 12
    assert len(list((tmp_path / "run").glob("trace.sqlite*"))) == 1  # no worker kept or made a file
