"""``gradwise summary``: what a net, the models of a script or a fitted network are made of."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gradwise.cli.options import check_writable
from gradwise.cli.script_command import load_program, need_torch
from gradwise.errors import UnknownNameError, UsageError

if TYPE_CHECKING:
    from gradwise.anatomy.facts import Anatomy
    from gradwise.data.examples import Choice

SCRIPT_FAILED = 3
INTERRUPTED = 130


def summary_command(
    thing: Annotated[
        str | None,
        typer.Argument(
            metavar="NET|SCRIPT|RUN", help="Net by name, script, or directory of a fit.", show_default=False
        ),
    ] = None,
    script_args: Annotated[
        list[str] | None, typer.Argument(help="Arguments of the script.", show_default=False)
    ] = None,
    module: Annotated[
        str | None, typer.Option("-m", metavar="MODULE", help="Run a module, as `python -m` does.")
    ] = None,
    image: Annotated[str | None, typer.Option(metavar="CxHxW", help="Images, e.g. 3x224x224.")] = None,
    inputs: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Columns of numbers of a table.")
    ] = None,
    categories: Annotated[
        str | None, typer.Option(metavar="K,K", help="Categories of each column that holds such, e.g. 3,12.")
    ] = None,
    series: Annotated[str | None, typer.Option(metavar="FxT", help="Features and steps, e.g. 3x100.")] = None,
    text: Annotated[
        str | None, typer.Option(metavar="VxT", help="Vocabulary and words, e.g. 10000x200.")
    ] = None,
    outputs: Annotated[
        int | None,
        typer.Option("--outputs", "--classes", min=1, metavar="N", help="Numbers for one example."),
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Examples at once [default: 32].")
    ] = None,
    training: Annotated[bool, typer.Option("--training", help="Run it in training mode.")] = False,
    depth: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Levels of modules shown, 0 for all [default: what fits a screen]."
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", help="Also write all as JSON; - is standard output."),
    ] = None,
) -> int:
    """Show layers, output shapes, parameters, FLOPs, receptive field and the arithmetic of convolutions.

    gradwise summary resnet50
    gradwise summary vgg16 --image 3x64x64 --classes 10 --depth 0
    gradwise summary mlp:units=64 --inputs 20 --categories 3,12
    gradwise summary lstm --text 10000x200 --batch 64 --json lstm.json
    gradwise summary .gradwise/runs/20261121-102833-iris
    gradwise summary train.py --epochs 3
    gradwise summary -m package.train

    A script runs unmodified, as for `check`, until its models were called and an optimizer has stepped three
    times; options of gradwise stand before it.  What it prints stays on standard output, the summary goes to
    standard error.

    Exit codes: 0 shown, 2 wrong use, 3 the script itself failed.
    """
    if json_file is not None:
        check_writable(json_file)
    page = _Page(depth, json_file)
    shapes = {
        "--image": image,
        "--inputs": inputs,
        "--categories": categories,
        "--series": series,
        "--text": text,
    }
    rest = {"--outputs": outputs, "--batch": batch, "--training": training or None}
    given = [option for option, value in {**shapes, **rest}.items() if value is not None]
    arguments = [*(script_args or [])]
    if module is not None:
        _refuse(given, "a script brings its own models and data")
        return _script("", module, [thing, *arguments] if thing else arguments, page)
    if thing is None:
        raise UsageError("summary needs a net, a script or a run; try `gradwise summary resnet18`.")
    if thing.endswith(".py") or Path(thing).is_file():
        _refuse(given, "a script brings its own models and data")
        return _script(thing, None, arguments, page)
    if arguments:
        raise UsageError(f"{thing} is no script, so it takes no argument {arguments[0]!r}.")
    run = _run(thing)
    if run is not None:
        _refuse([*(set(given) - {"--batch", "--training"})], "a fitted network brings its shapes")
        return _fitted(run, batch, page, training=training)
    from gradwise.anatomy.named import BATCH, named

    try:
        shape = _shape(image, inputs, categories, series, text)
        example = named(thing, shape=shape, outputs=outputs, batch=batch or BATCH)
    except UnknownNameError as error:
        hint = "a script ends in .py, and a run is a directory"
        raise UnknownNameError(f"{str(error).rstrip('.')}; {hint}.") from None
    return page.show([example.measured(training=training)], choices=example.choices)


class _Page:
    """Where summaries go.

    Args:
        depth: levels of modules that are shown; None: what fits.
        json_file: where all is written as JSON; None: nowhere.
    """

    def __init__(self, depth: int | None, json_file: Path | None) -> None:
        self.depth = depth
        # Absolute, because a script may change the current directory.
        keep = json_file is None or str(json_file) == "-"
        self.json_file = json_file if keep else Path(json_file or "").absolute()

    def show(
        self,
        models: Sequence[Anatomy],
        *,
        counts: Sequence[int] = (),
        choices: Sequence[Choice] = (),
        script: bool = False,
    ) -> int:
        """Print tables and write JSON; what a script prints keeps standard output for itself."""
        from gradwise import __version__
        from gradwise.cli.outcome import write_document
        from gradwise.cli.screen import Screen
        from gradwise.report.anatomy import SCHEMA, anatomy_json, render_anatomy

        equal = list(counts) or [1] * len(models)
        aside = script or str(self.json_file) == "-"
        screen = Screen.of(sys.stderr if aside else sys.stdout)
        if self.json_file is not None:  # first, since the reader of the tables may leave early
            document = {
                "schema": SCHEMA,
                "gradwise": __version__,
                "models": [anatomy_json(found, alike) for found, alike in zip(models, equal, strict=True)],
                "choices": [asdict(choice) for choice in choices],
            }
            write_document(document, self.json_file)
        for number, (found, alike) in enumerate(zip(models, equal, strict=True)):
            table = render_anatomy(
                found, width=screen.width, colour=screen.colour, depth=self.depth, equal=alike
            )
            screen.show("\n" * bool(number) + table)
        for choice in choices:
            screen.show(f"{'chosen':<11}  {choice.value}: {choice.reason}\n")
        return 0


def _script(script: str, module: str | None, arguments: list[str], page: _Page) -> int:
    """Run a script and show its models; the exit code."""
    need_torch("summary")
    program = load_program(script, module, arguments)
    if program is None:
        return SCRIPT_FAILED
    from gradwise.anatomy.scripted import measure_script

    seen = measure_script(program)
    if seen.models:
        page.show(seen.models, counts=seen.counts, script=True)
    if seen.failure:
        print(f"gradwise: {seen.failure}", file=sys.stderr)
    if seen.ending.status == "failed":
        if not seen.models and not seen.failure:
            print("gradwise: the script failed before it called a model.", file=sys.stderr)
        return SCRIPT_FAILED
    if seen.ending.status == "interrupted":
        return INTERRUPTED
    if not seen.models:
        raise UsageError("the script ended, and it called no model with parameters; give one that does.")
    return 0


def _fitted(run: Path, batch: int | None, page: _Page, *, training: bool) -> int:
    """Show a fitted network."""
    from gradwise.anatomy.named import BATCH, fitted
    from gradwise.fitting.network import load

    network = load(run)
    name = str(network.record.recipe["net"])
    example = fitted(name, network.model, network.encoder.shape(), batch or BATCH)
    return page.show([example.measured(training=training)])


def _run(thing: str) -> Path | None:
    """The run directory that is meant, by its path or its name under ``.gradwise/runs``; None: it is none."""
    from gradwise.trace.runs import DEFAULT_ROOT

    for path in (Path(thing), DEFAULT_ROOT / thing):
        if (path / "run.json").is_file() or (path.is_dir() and "/" in thing):
            return path
    return None


def _refuse(options: list[str], why: str) -> None:
    if options:
        raise UsageError(f"{', '.join(sorted(options))} belongs to a net by name; {why}.")


def _shape(
    image: str | None, inputs: int | None, categories: str | None, series: str | None, text: str | None
) -> dict[str, Any]:
    """The shape that was asked for, as nets take it; empty: none.

    Raises:
        UsageError: it is written wrongly, or there are several.
    """
    from gradwise.anatomy.named import parse_sizes

    found: list[dict[str, Any]] = []
    if image is not None:
        sizes = parse_sizes("--image", image, "CHANNELSxHEIGHTxWIDTH")
        found.append(dict(zip(("channels", "height", "width"), sizes, strict=True)))
    if inputs is not None or categories is not None:
        kinds = categories.split(",") if categories else []
        if not all(kind.strip().isdecimal() and int(kind) > 0 for kind in kinds):
            raise UsageError(f"--categories takes whole numbers with commas between, not {categories!r}.")
        if not inputs and not kinds:
            raise UsageError("--inputs 0 leaves no column; give 1 or more, or --categories.")
        found.append({"numbers": inputs or 0, "categories": tuple(int(kind) for kind in kinds)})
    if series is not None:
        sizes = parse_sizes("--series", series, "FEATURESxSTEPS")
        found.append(dict(zip(("features", "length"), sizes, strict=True)))
    if text is not None:
        sizes = parse_sizes("--text", text, "VOCABULARYxWORDS")
        found.append(dict(zip(("vocabulary", "length"), sizes, strict=True)))
    if len(found) > 1:
        raise UsageError("a net takes one kind of input; give --image, --inputs, --series or --text alone.")
    return found[0] if found else {}
