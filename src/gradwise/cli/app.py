"""The ``gradwise`` command itself: its verbs, and how errors and exit codes leave it.

A verb's module is imported when the verb is used, so that ``gradwise --help``
and shell completion stay fast.  A verb returns its exit code, or nothing for 0.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from gradwise import __version__
from gradwise.cli.script_command import ScriptCommand, ScriptOrNameCommand
from gradwise.errors import GradwiseError, UsageError
from gradwise.registry import nearest

INTERRUPTED = 130  # 128 + SIGINT, as shells report it


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb lives: ``function`` of ``module``, one line of help, and how it parses."""

    module: str
    function: str
    summary: str
    command: type[TyperCommand] = TyperCommand
    interspersed: bool = True


VERBS: dict[str, Verb] = {
    "check": Verb(
        "gradwise.cli.check",
        "check_command",
        "Run a training script, watch it, and name what is wrong.",
        command=ScriptCommand,
        interspersed=False,  # what follows the script belongs to the script
    ),
    "heal": Verb(
        "gradwise.cli.heal",
        "heal_command",
        "Find a cure for a training script by re-runs, and prove it.",
        command=ScriptCommand,
        interspersed=False,
    ),
    "fit": Verb("gradwise.cli.fit", "fit_command", "Train a network from a data file."),
    "baselines": Verb(
        "gradwise.cli.baselines", "baselines_command", "Compare classical models on a data file."
    ),
    "cluster": Verb("gradwise.cli.cluster", "cluster_command", "Find groups of rows, without a target."),
    "search": Verb("gradwise.cli.search", "search_command", "Search for settings that fit better."),
    "predict": Verb("gradwise.cli.predict", "predict_command", "Predict with a fitted network."),
    "evaluate": Verb("gradwise.cli.predict", "evaluate_command", "Score a fitted network on other data."),
    "rerun": Verb("gradwise.cli.rerun", "rerun_command", "Fit again and compare."),
    "export": Verb("gradwise.cli.export", "export_command", "Write a fitted network as ONNX or .pt2."),
    "summary": Verb(
        "gradwise.cli.summary",
        "summary_command",
        "Show layers, shapes, parameters, FLOPs of a net or script.",
        command=ScriptOrNameCommand,
        interspersed=False,
    ),
    "report": Verb("gradwise.cli.report", "report_command", "Judge a recorded run again."),
    "runs": Verb("gradwise.cli.runs", "runs_command", "List the recorded runs, newest first."),
    "rules": Verb("gradwise.cli.rules", "rules_command", "List all rules, and which are on."),
    "explain": Verb("gradwise.cli.explain", "explain_command", "Show the page of an ailment or a cure."),
}


class Verbs(TyperGroup):
    """The group of verbs, each loaded on first use."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Names of the verbs, in the order people need them."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The verb of that name, imported now; None when there is none."""
        if cmd_name in VERBS and cmd_name not in self.commands:
            self.commands[cmd_name] = _load(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The list of verbs in ``--help``, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary) for name, verb in VERBS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The verb that the arguments begin with; a wrong one gets the nearest right one."""
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            raise UsageError(f"no verb is called {name!r}{_instead(name)}; `gradwise --help` lists all.")
        return super().resolve_command(ctx, args)


HELP = """Train networks that work, and know why when they don't.

\b
gradwise check train.py --epochs 3     watch an unmodified PyTorch script
gradwise fit data.csv --target y       train a network from a data file
gradwise report --html report.html     judge the newest run again
gradwise explain dead-relu             the page behind a finding

Exit codes: 0 nothing found, 1 something found, 2 wrong use, 3 the script itself failed.
"""

app = typer.Typer(
    cls=Verbs,
    name="gradwise",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True, subcommand_metavar="VERB ...", help=HELP)
def gradwise(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
) -> None:
    """Options of the command itself; its verbs follow."""
    if version:
        typer.echo(f"gradwise {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        argv: arguments after the program's name; those of the process when None.

    Raises:
        SystemExit: always, with the exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _command().main(arguments, prog_name="gradwise", standalone_mode=False)
    except GradwiseError as error:
        _complain(str(error))
        code = error.exit_code
    except typer.TyperException as error:  # a wrong option or argument
        _complain(_sentence(error.format_message(), arguments))
        code = GradwiseError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of our output left, e.g. `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


def _command() -> Any:
    return typer.main.get_command(app)


def _load(name: str) -> Any:
    verb = VERBS[name]
    function = getattr(importlib.import_module(verb.module), verb.function)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    settings = {"allow_interspersed_args": verb.interspersed, "help_option_names": ["-h", "--help"]}
    page = with_examples_kept(inspect.getdoc(function) or "")
    single.command(name, cls=verb.command, context_settings=settings, help=page)(function)
    return typer.main.get_command(single)


def with_examples_kept(page: str) -> str:
    r"""Help text in which paragraphs of commands keep their lines, which are otherwise refilled.

    >>> with_examples_kept("Do it.\n\ngradwise a\ngradwise b")
    'Do it.\n\n\x08\ngradwise a\ngradwise b'
    """
    paragraphs = page.split("\n\n")
    return "\n\n".join(f"\b\n{text}" if text.startswith("gradwise ") else text for text in paragraphs)


def _instead(name: str) -> str:
    if name.endswith(".py"):
        return f" (did you mean `gradwise check {name}`?)"
    return nearest(name, VERBS)


def _sentence(message: str, arguments: Sequence[str]) -> str:
    """The parser's message in our form, with where to look."""
    lowered = message[:1].lower() + message[1:] if message[1:2].islower() else message
    verb = f"{arguments[0]} " if arguments and arguments[0] in VERBS else ""
    return f"{lowered.rstrip('.')}; see `gradwise {verb}--help`."


def _complain(message: str) -> None:
    print(f"gradwise: {message}", file=sys.stderr)
