"""Regularisers by name: aliases, options, and one sentence for each mistake."""

from __future__ import annotations

import inspect

import pytest

from gradwise import regularize
from gradwise.errors import UnknownNameError, UsageError
from gradwise.regularize import REGULARISERS

# Name with valid options, and what the option is then.
VALID = [
    ("l1:strength=0.01,proximal=no,biases=yes", {"strength": 0.01, "proximal": False, "biases": True}),
    ("Lasso", {"strength": 1e-4, "proximal": True, "biases": False}),
    ("ridge:strength=0", {"strength": 0}),
    ("elastic_net:ratio=1", {"ratio": 1, "strength": 1e-4}),
    ("hard-concrete:droprate=0.3", {"droprate": 0.3, "temperature": 2 / 3}),
    ("maxnorm:norm=4", {"norm": 4}),
    ("weight-decay", {"strength": 0.01}),
    ("dropout", {"input": 0.2, "hidden": 0.5}),
    ("early-stopping", {"patience": 10}),
    ("clip:norm=5", {"norm": 5}),
    ("clip-value", {"value": 0.5}),
    ("noise:where=weights", {"sigma": 0.075}),
    ("noise:sigma=none", {"where": "input", "sigma": 0.1}),
    ("ema:decay=1", {"decay": 1}),
    ("swa:start=0.5,epochs=8", {"start": 0.5, "epochs": 8}),
    ("ensemble", {"runs": 5}),
]
INVALID = [
    ("l1:strength=-1", "regulariser 'l1': strength takes a number from 0 on, not -1."),
    ("l1:strenght=1", "regulariser 'l1' has no option strenght (did you mean 'strength'?); it takes"),
    ("l1:proximal=3", "regulariser 'l1': proximal takes yes or no, not 3."),
    ("l2:strength=much", "regulariser 'l2': strength takes a number from 0 on, not 'much'."),
    ("elastic:ratio=2", "regulariser 'elastic': ratio takes a number from 0 to 1, not 2."),
    ("l0:temperature=0", "regulariser 'l0': temperature takes a number above 0 up to 1, not 0."),
    ("l0:droprate=0", "regulariser 'l0': droprate takes a number above 0 up to 0.99, not 0."),
    ("max-norm:norm=0", "regulariser 'max-norm': norm takes a number above 0, not 0."),
    (
        "weight-decay:strength=yes",
        "regulariser 'weight-decay': strength takes a number from 0 to 10, not True.",
    ),
    ("dropout:hidden=1", "regulariser 'dropout': hidden takes a number from 0 to 0.99, not 1."),
    (
        "early-stopping:patience=1.5",
        "'early-stopping': patience takes a whole number from 0 to 1e+06, not 1.5.",
    ),
    ("clip-norm:norm=-2", "regulariser 'clip-norm': norm takes a number above 0, not -2."),
    ("clip-value:norm=2", "regulariser 'clip-value' has no option norm; it takes value."),
    ("noise:where=loss", "regulariser 'noise': where takes one of input, weights, gradients, not 'loss'."),
    ("ema:decay=1.1", "regulariser 'ema': decay takes a number from 0 to 1, not 1.1."),
    ("swa:start=2", "regulariser 'swa': start takes a number from 0 to 1, not 2."),
    ("ensemble:runs=0", "regulariser 'ensemble': runs takes a whole number from 1 to 1000, not 0."),
    ("l2:strength", "regulariser 'l2:strength': options are written name:option=value"),
    ("l1, l1:strength=3", "regulariser 'l1' is named twice; name it once."),
    ("", "regularize.make takes names, and options for one name alone; none is."),
]


@pytest.mark.parametrize(("word", "options"), VALID)
def test_names_take_options(word, options):
    (part,) = regularize.make(word)
    assert {name: getattr(part, name) for name in options} == options


@pytest.mark.parametrize(("word", "said"), INVALID)
def test_mistakes_are_told_in_one_sentence(word, said):
    with pytest.raises(UsageError) as error:
        regularize.make(word)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_all_are_tried_above():
    for cases in (VALID, INVALID):
        tried = {REGULARISERS.name(word.split(",")[0]) for word, _ in cases if word}
        assert tried == set(REGULARISERS)


def test_every_number_is_bounded_and_every_setting_is_an_option():
    for name in REGULARISERS:
        info = REGULARISERS[name]
        options = inspect.signature(info.maker).parameters
        numbers = {word for word, each in options.items() if not isinstance(each.default, bool | str)}
        assert numbers == set(info.spans) and set(info.words) <= set(options)
        assert info.setting is None or info.setting[0] in options


def test_lists_options_and_proper_names():
    parts = regularize.make(["Lasso:strength=1,biases=yes", "maxnorm"])
    assert list(parts.parts) == ["l1:strength=1,biases=yes", "max-norm"]
    assert regularize.make("l1, strength=1, biases=yes, noise, noise:where=weights").parts.keys() == {
        "l1:strength=1,biases=yes",
        "noise",
        "noise:where=weights",
    }
    assert next(iter(regularize.make("l2", strength=3))).strength == 3
    with pytest.raises(UsageError, match="2 are named"):
        regularize.make("l1, l2", strength=3)
    with pytest.raises(UnknownNameError, match="there is no regulariser 'max-nrom' .did you mean 'max-norm'"):
        regularize.make("max-nrom")
