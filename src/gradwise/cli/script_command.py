"""How a verb that runs a script splits its own arguments from the script's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from typer.core import TyperCommand


class ScriptCommand(TyperCommand):
    """Parses ``[options] script.py [script args]`` and ``[options] -m module [script args]``.

    As in Python itself, all that follows the script, or the name behind ``-m``,
    belongs to the script, options included.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with everything after ``-m NAME`` kept for the script."""
        with_value = {
            option
            for parameter in self.params
            if parameter.param_type_name == "option" and not _is_flag(parameter)
            for option in parameter.opts
        }
        return super().parse_args(ctx, shield_module_arguments(args, with_value))


def shield_module_arguments(args: list[str], with_value: set[str]) -> list[str]:
    """``args`` with ``--`` put behind ``-m NAME``, where the script's own arguments begin.

    Args:
        args: arguments of the verb.
        with_value: the options that take their value from the next argument.

    >>> shield_module_arguments(["--out", "d", "-m", "pkg.train", "--lr", "1"], {"--out", "-m"})
    ['--out', 'd', '-m', 'pkg.train', '--', '--lr', '1']
    """
    position = 0
    while position < len(args):
        arg = args[position]
        if arg == "--" or not arg.startswith("-") or arg == "-":
            break  # the script's name, or an explicit end of options
        position += 2 if arg in with_value else 1
        if arg.startswith("-m"):
            return [*args[:position], "--", *args[position:]]
    return args


# Words of a script that may read options of its own, itself or through a module beside it.
READERS = re.compile(
    r"\b(argv|argparse|add_argument|args|flags|optparse|getopt|click|typer|fire|hydra|absl|docopt|tyro|cli|config)\b"
)


def misplaced(args: Iterable[str], known: Collection[str], source: str) -> list[str]:
    """Options behind the script that the verb knows and that the script cannot mean: it reads none.

    Args:
        args: what goes to the script.
        known: the verb's long options.
        source: text of the script.

    >>> misplaced(["--max-steps", "9", "--lr=1"], {"--max-steps", "--out"}, "for epoch in range(9): ...")
    ['--max-steps']
    >>> misplaced(["--max-steps", "9"], {"--max-steps"}, "import argparse")
    []
    """
    if READERS.search(source):
        return []
    found = dict.fromkeys(arg.partition("=")[0] for arg in args if arg.startswith("--"))
    return [option for option in found if option in known]


def long_options(command: Any) -> set[str]:
    """The long options of a verb."""
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def _is_flag(parameter: Any) -> bool:
    return bool(parameter.is_flag) or bool(parameter.count)
