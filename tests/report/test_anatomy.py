"""The table of a model, and its JSON: form, widths, folding."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gradwise.anatomy.facts import Anatomy, Arithmetic, Layer, Unused, Weights
from gradwise.report.anatomy import anatomy_json, fitting_depth, formula, render_anatomy


def conv(name, size, field, **options):
    step = Arithmetic("window", size, size, kernel=3, padding=(1, 1))
    shape = (8, 64, size, size)
    return Layer(
        name,
        "Conv2d",
        (shape,),
        (shape,),
        1,
        36_928,
        36_928,
        "",
        8 * 10**6,
        field,
        arithmetic=(step, step),
        **options,
    )


def net(stages=3, blocks=4):
    """Stages of blocks of one convolution each."""
    layers = []
    for stage in range(stages):
        inner = []
        for block in range(blocks):
            path = f"stage{stage}.{block}"
            field = (10 * stage + 2 * block + 3,) * 2
            inner.append(
                Layer(
                    path,
                    "Block",
                    outputs=((8, 64, 16, 16),),
                    parameters=36_928,
                    field=field,
                    windows=1,
                    children=("Conv2d",),
                )
            )
            inner.append(conv(f"{path}.conv", 16, field))
        kinds = ("Block",) * blocks
        layers.append(
            Layer(
                f"stage{stage}",
                "Sequential",
                outputs=((8, 64, 16, 16),),
                flops=8 * 10**6 * blocks,
                windows=blocks,
                children=kinds,
            )
        )
        layers += inner
    layers.append(Layer("fc", "Linear", ((8, 64),), ((8, 10),), 1, 650, 0, "", 10_240, "all"))
    weights = Weights(1_000_650, 1_000_000, 4_002_600, 64, 256)
    return Anatomy(
        "tiny",
        "Tiny",
        tuple(layers),
        (((8, 3, 16, 16), "uint8"),),
        ((8, 10),),
        8,
        False,
        weights,
        96 * 10**6,
        "all",
        800_000,
    )


@pytest.mark.parametrize("width", [60, 80, 100, 120])
@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_no_line_is_wider_than_asked_for(width, depth):
    text = render_anatomy(net(), width=width, depth=depth)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_long_names_are_cut_and_numbers_never():
    found = net()
    long = replace(
        found.layers[-1],
        name="a_very_long_name_that_nobody_would_give_to_a_layer",
        kind="K" * 40,
        parameters=10**12,
    )
    text = render_anatomy(replace(found, layers=(long,)), width=70)
    assert "a_very_long" in text
    assert "…" in text
    assert "1,000,000,000,000" in text
    assert max(map(len, text.splitlines())) <= 70


def test_what_does_not_fit_a_screen_is_folded_and_said():
    small, large = net(1, 3), net(3, 20)
    assert fitting_depth(small) == 3
    assert fitting_depth(large) == 1
    text = render_anatomy(large, width=110)
    assert "stage1.0" not in text
    assert "20 Block with 20 convolutions or poolings" in text
    assert "folded       1 of 3 levels; --depth 0 shows all 124 layers" in text
    assert "folded" not in render_anatomy(large, depth=0)


def test_arithmetic_stands_beside_where_there_is_room_and_below_elsewhere():
    wide = render_anatomy(net(), width=110, depth=0).splitlines()
    row = next(line for line in wide if line.startswith("    conv"))
    assert row.split()[:5] == ["conv", "Conv2d", "N×64×16×16", "36,928", "1"]
    assert row.endswith("3  (16 + 2·1 − 3)/1 + 1 = 16")
    narrow = render_anatomy(net(), width=70, depth=0).splitlines()
    at = next(number for number, line in enumerate(narrow) if line.startswith("    conv"))
    assert narrow[at + 1].strip() == "(16 + 2·1 − 3)/1 + 1 = 16"


def test_totals():
    text = render_anatomy(net(), width=110)
    assert text.startswith("tiny (Tiny): N×3×16×16 uint8 → N×10, N = 8, in evaluation mode\n")
    assert "parameters   1,000,650, 1,000,000 trainable, 650 frozen, 4 MB; buffers 64, 256 B" in text
    assert "FLOPs        12 M for one example forward = 2 × 6 M multiply-adds" in text
    assert "activations  800 kB kept for the backward pass of 8 examples, 100 kB each" in text
    unused = replace(net(), unused=tuple(Unused(f"m{i}", "Linear", 6) for i in range(7)))
    assert "m4 (Linear, 6 parameters) and 2 more" in " ".join(render_anatomy(unused).split())


def test_a_net_without_convolutions_has_no_fields():
    found = net()
    text = render_anatomy(replace(found, layers=found.layers[-1:]))
    assert "field" not in text


def test_names_are_harmless_on_a_terminal():
    found = net()
    bad = replace(found.layers[-1], name="fc\x1b[31m", kind="Evil\x07")
    assert "\x1b" not in render_anatomy(replace(found, layers=(bad,), name="\x1b]0;"))


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (Arithmetic("window", 7, 4, kernel=2, stride=2, ceil=True), "⌈(7 − 2)/2⌉ + 1 = 4"),
        (Arithmetic("window", 8, 8, kernel=4, padding=(1, 2)), "(8 + 1 + 2 − 4)/1 + 1 = 8"),
        (Arithmetic("transposed", 7, 15, kernel=3, stride=2, padding=(1, 1), extra=2), "(7 − 1)·2 − 2·1 + 3 + 2 = 15"),
        (Arithmetic("adaptive", 7, 3), "7 → 3"),
        (Arithmetic("window", 7, 9, kernel=2), "7 → 9"),  # what torch gave is told, whatever the formula says
    ],
)  # fmt: skip
def test_formulas(step, text):
    assert formula(step) == text


def test_json_holds_every_layer():
    document = json.loads(json.dumps(anatomy_json(net(3, 20)), allow_nan=False))
    assert len(document["layers"]) == 124
    layer = document["layers"][2]
    assert (layer["name"], layer["depth"], layer["field"], layer["flops"]) == (
        "stage0.0.conv",
        3,
        [3, 3],
        8 * 10**6,
    )
    assert layer["formula"][0] == "(16 + 2·1 − 3)/1 + 1 = 16"
    assert document["weights"]["frozen"] == 650
    assert document["flops_per_example"] == 12 * 10**6
