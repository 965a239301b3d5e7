from __future__ import annotations

import subprocess
import sys

from gradwise.trace.process import is_alive, this_process


def test_this_process_lives():
    assert is_alive(this_process()) is True


def test_an_ended_process_does_not():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    assert is_alive({**this_process(), "pid": str(child.pid)}) is False


def test_another_process_with_the_same_id_is_not_it():
    assert is_alive({**this_process(), "pid_started": "1"}) is False


def test_a_process_of_another_machine_cannot_be_told():
    assert is_alive({**this_process(), "machine": "elsewhere"}) is None
    assert is_alive({}) is None
