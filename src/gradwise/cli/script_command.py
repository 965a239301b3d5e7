"""How a verb that runs a script splits its own arguments from the script's."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand

from gradwise.errors import MissingDependencyError

if TYPE_CHECKING:
    from gradwise.watch.script import Program


class ScriptCommand(TyperCommand):
    """Parses ``[options] script.py [script args]`` and ``[options] -m module [script args]``.

    As in Python itself, all that follows the script, or the name behind ``-m``,
    belongs to the script, options included.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with everything after ``-m NAME`` kept for the script."""
        return super().parse_args(ctx, shield_module_arguments(args, _with_value(self.params)))


class ScriptOrNameCommand(ScriptCommand):
    """The same where the first word is a script; options may stand behind any other first word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, with options behind a name taken as ours."""
        first = first_argument(args, _with_value(self.params))
        if first and not (first.endswith(".py") or Path(first).is_file()):
            ctx.allow_interspersed_args = True
        return super().parse_args(ctx, args)


def first_argument(args: list[str], with_value: Collection[str]) -> str:
    """The first word that is no option and no value of one; "" behind ``-m``, or where there is none.

    >>> first_argument(["--depth", "2", "resnet18", "--batch", "8"], {"--depth", "--batch", "-m"})
    'resnet18'
    """
    position = 0
    while position < len(args):
        arg = args[position]
        if arg == "--":
            return "".join(args[position + 1 : position + 2])
        if not arg.startswith("-"):
            return arg
        if arg.startswith("-m"):
            return ""
        position += 2 if arg in with_value else 1
    return ""


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


def need_torch(verb: str) -> None:
    """See that torch is there before a script is run.

    Raises:
        MissingDependencyError: it is not.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingDependencyError(
            f"`gradwise {verb}` needs PyTorch in the environment that runs your script; "
            "install gradwise there (`pip install gradwise` beside torch), or `pip install gradwise[torch]`."
        )


def load_program(script: str | None, module: str | None, args: list[str]) -> Program | None:
    """The program, or None after a syntax error was shown as Python shows it.

    Raises:
        UsageError: there is no such script or module.
    """
    from gradwise.watch.script import load_module, load_script

    try:
        return load_module(module, args) if module is not None else load_script(script or "", args)
    except SyntaxError as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        file = script if module is None else error.filename or module
        place = f"{file}, line {error.lineno}," if error.lineno else file
        print(f"gradwise: {place} is not valid Python ({error.msg}); nothing was run.", file=sys.stderr)
        return None


def long_options(command: Any) -> set[str]:
    """The long options of a verb."""
    return {option for parameter in command.params for option in parameter.opts if option.startswith("--")}


def _with_value(parameters: Iterable[Any]) -> set[str]:
    """The options that take their value from the next argument."""
    return {
        option
        for parameter in parameters
        if parameter.param_type_name == "option" and not _is_flag(parameter)
        for option in parameter.opts
    }


def _is_flag(parameter: Any) -> bool:
    return bool(parameter.is_flag) or bool(parameter.count)
