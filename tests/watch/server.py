"""Forks processes that have imported torch already, so that many short runs cost little.

Started by `tests.watch.processes`, which sends one JSON request per line
over a socket: what to run, where, as whom.  A child runs either a script, as
``python script.py`` would, or the ``gradwise`` command; then it leaves the
interpreter in the ordinary way (threads joined, atexit handlers run).
"""

import ctypes
import gc
import importlib
import json
import multiprocessing.process
import os
import pkgutil
import socket
import sys
import types


def warm():
    """Import what every run needs, so that children find it loaded whoever they are."""
    import numpy  # noqa: F401
    import torch
    import torch._dynamo  # noqa: F401  optimizers import it when they are made

    import gradwise

    for found in pkgutil.walk_packages(gradwise.__path__, "gradwise."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)


def obey_permissions():
    """Give up root's right to write and read what the permissions forbid."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the interface, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the same for higher bits
    assert libc.capget(header, sets) == 0
    for position in (0, 1):
        sets[position] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    assert libc.capset(header, sets) == 0


def become(request):
    """Take on the directory, files, environment and user that the request names."""
    os.chdir(request["cwd"])
    multiprocessing.process.ORIGINAL_DIR = request["cwd"]  # as if it had been imported here
    for descriptor, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
    ):
        opened = os.open(request[name], flags, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.update(request["environment"])
    if request["ordinary"] and os.geteuid() == 0:
        obey_permissions()


def run_script(argv):
    """A script as ``__main__``."""
    main = types.ModuleType("__main__")
    main.__file__ = argv[0]
    sys.modules["__main__"] = main
    sys.argv = list(argv)
    sys.path[0] = os.path.dirname(os.path.abspath(argv[0]))
    with open(argv[0]) as file:
        exec(compile(file.read(), argv[0], "exec"), main.__dict__)


def run_command(argv):
    """The ``gradwise`` command."""
    from gradwise.cli.app import main

    sys.argv = ["gradwise", *argv]
    main()


def serve(channel):
    """Answer requests until the other side leaves.  Returns the request in the child, None at the end."""
    for line in channel.makefile("r"):
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            channel.close()
            return request
        channel.sendall(f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        channel.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    return None


if __name__ == "__main__":
    warm()
    gc.freeze()  # what all share is neither copied nor walked again when a child leaves
    asked = serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        become(asked)
        (run_command if asked["command"] else run_script)(asked["argv"])
