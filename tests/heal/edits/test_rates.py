"""Learning rate, decay and the optimizer's class, wherever scripts write them."""

import pytest

from gradwise.heal.edits.script.facts import Facts
from tests.heal.edits.scripts import HEAD, LOOP, MODEL, TRAINER, USED, changes, left, script

SGD = "optimizer = torch.optim.SGD(model.parameters(), lr={})\n"


def with_rate(rate, before=""):
    return script(optimizer=before + SGD.format(rate))


ARGPARSE = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", "-l", type=float, default=0.5)
args = parser.parse_args()
"""


@pytest.mark.parametrize(
    ("before", "rate", "line"),
    [
        ("", "0.5", "optimizer = torch.optim.SGD(model.parameters(), lr=0.05)"),
        ("", "5e-1", "optimizer = torch.optim.SGD(model.parameters(), lr=0.05)"),
        ("RATE = 0.5\n", "RATE", "RATE = 0.05"),
        ("RATE: float = 0.5\nprint(f'{RATE}')\n", "RATE", "RATE: float = 0.05"),
        ("config = {'epochs': 3, 'lr': 0.5}\n", "config['lr']", "config = {'epochs': 3, 'lr': 0.05}"),
        ("config = dict(lr=0.5, epochs=3)\n", "config['lr']", "config = dict(lr=0.05, epochs=3)"),
        (ARGPARSE, "args.lr", 'parser.add_argument("--lr", "-l", type=float, default=0.05)'),
        ("class Config:\n    lr = 0.5\n\n\ncfg = Config()\n", "cfg.lr", "lr = 0.05"),
        ("class Config:\n    lr: float = 0.5\n\n\n", "Config.lr", "lr: float = 0.05"),
        ("", "0.5 / 2", "optimizer = torch.optim.SGD(model.parameters(), lr=(0.5 / 2) * 0.1)"),
        (
            "RATE = 0.5\nother = 2 * RATE\n",
            "RATE",
            "optimizer = torch.optim.SGD(model.parameters(), lr=RATE * 0.1)",
        ),
        (
            "config = {'lr': 0.5}\nconfig['lr'] = 0.4\n",
            "config['lr']",
            "optimizer = torch.optim.SGD(model.parameters(), lr=config['lr'] * 0.1)",
        ),
        (
            "RATE = 0.5\nRATE = 0.4\n",
            "RATE",
            "optimizer = torch.optim.SGD(model.parameters(), lr=RATE * 0.1)",
        ),
    ],
)
def test_the_rate_is_multiplied_where_it_is_written(before, rate, line):
    found = changes(with_rate(rate, before), "lower-lr", factor=0.1)
    assert len(found) == 2 and found[1] == f"+{line}"


@pytest.mark.parametrize(
    ("before", "rate"),
    [
        ("RATE = 0.5\nRATE *= 2\n", "RATE"),
        ("for rate in (0.5, 0.4):\n    pass\n", "rate"),
        (ARGPARSE + "args.lr = 2\n", "args.lr"),
        (ARGPARSE + "same = args\nmost = same.lr\n", "args.lr"),
        (ARGPARSE.replace("parse_args()", "parse_args(['--lr', '2'])"), "args.lr"),
        (ARGPARSE + "parser.set_defaults(lr=3)\n", "args.lr"),
    ],
)
def test_a_rate_that_is_not_one_literal_is_multiplied_in_place(before, rate):
    found = changes(with_rate(rate, before), "lower-lr", factor=0.1)
    assert found[1] == f"+optimizer = torch.optim.SGD(model.parameters(), lr={rate} * 0.1)"


def test_an_option_given_on_the_command_line_is_multiplied_in_place():
    found = changes(with_rate("args.lr", ARGPARSE), "lower-lr", Facts(arguments=("--lr", "1.0")), factor=0.1)
    assert found[1] == "+optimizer = torch.optim.SGD(model.parameters(), lr=args.lr * 0.1)"
    found = changes(with_rate("args.lr", ARGPARSE), "lower-lr", Facts(arguments=("-l1.0",)), factor=0.1)
    assert found[1] == "+optimizer = torch.optim.SGD(model.parameters(), lr=args.lr * 0.1)"


def test_the_default_of_a_parameter_is_the_rate_unless_a_call_gives_another():
    whole = HEAD + TRAINER
    assert changes(whole + USED, "lower-lr", factor=0.1)[1] == "+def __init__(self, model, rate=0.05):"
    given = whole + "trainer = Trainer(nn.Linear(8, 3), 2.0)\n"
    assert changes(given, "lower-lr", factor=0.1)[1].endswith("lr=rate * 0.1)")


def test_a_rate_that_is_not_told_is_torchs_own():
    source = script(optimizer="optimizer = torch.optim.Adam(model.parameters())\n")
    assert (
        changes(source, "raise-lr", factor=10)[1]
        == "+optimizer = torch.optim.Adam(model.parameters(), lr=0.01)"
    )


def test_all_groups_are_multiplied():
    groups = '[{"params": model[0].parameters(), "lr": 0.2}, {"params": model[2].parameters()}]'
    source = script(optimizer=f"optimizer = torch.optim.SGD({groups}, lr=0.5)\n")
    assert '"lr": 0.02' in changes(source, "lower-lr", factor=0.1)[1]
    assert "lr=0.05)" in changes(source, "lower-lr", factor=0.1)[1]


def test_one_cycle_sets_its_own_rate():
    schedule = "cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=20)\n"
    assert changes(script(loop=schedule + LOOP), "lower-lr", factor=0.1)[1].endswith(
        "max_lr=0.1, total_steps=20)"
    )


TWO = "one = torch.optim.SGD(model[0].parameters(), lr=1.0)\ntwo = torch.optim.Adam(model[2].parameters(), lr=0.1)\n"


def test_several_optimizers_are_changed_only_when_all_of_them_ran():
    source = script(optimizer=TWO)
    assert "lines 7 and 8" in left(source, "lower-lr")
    assert len(changes(source, "lower-lr", Facts(optimizers=("Adam", "SGD")))) == 4
    only = changes(source, "lower-lr", Facts(optimizers=("Adam",)), factor=0.1)
    assert only == [
        "-two = torch.optim.Adam(model[2].parameters(), lr=0.1)",
        "+two = torch.optim.Adam(model[2].parameters(), lr=0.01)",
    ]


@pytest.mark.parametrize("cure", ["lower-lr", "raise-lr", "lower-weight-decay", "adam"])
@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        ("", "no optimizer of torch.optim"),
        ("options = {}\noptimizer = torch.optim.SGD(model.parameters(), **options)\n", "line 8"),
        (
            SGD.format(0.5)
            + 'for group in optimizer.param_groups:\n    group["lr"] = group["weight_decay"] = 1\n',
            "line 9",
        ),
    ],
)
def test_a_rate_that_is_set_elsewhere_is_left(optimizer, words, cure):
    assert words in left(script(optimizer=optimizer), cure, factor=0.5)


def test_decay_is_lowered_where_it_is_written():
    source = script(optimizer="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1.0)\n")
    assert changes(source, "lower-weight-decay", factor=0.01)[1].endswith("weight_decay=0.01)")
    constant = "DECAY = 1.0\noptimizer = torch.optim.SGD(model.parameters(), lr=1e-3, weight_decay=DECAY)\n"
    assert changes(script(optimizer=constant), "lower-weight-decay", factor=0.1)[1] == "+DECAY = 0.1"
    silent = "optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)\n"
    assert changes(script(optimizer=silent), "lower-weight-decay", factor=0.1)[1].endswith(
        "weight_decay=0.001)"
    )
    assert "like that already" in left(script(), "lower-weight-decay")


def test_decay_is_added_or_raised_and_adam_becomes_adamw():
    assert changes(script(), "weight-decay", decay=0.001)[1].endswith("lr=0.5, weight_decay=0.001)")
    adam = script(optimizer="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)\n")
    assert (
        changes(adam, "weight-decay")[1]
        == "+optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)"
    )
    low = script(optimizer="optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, weight_decay=1e-6)\n")
    assert changes(low, "weight-decay", decay=0.01)[1].endswith("weight_decay=0.01)")
    high = script(optimizer="optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, weight_decay=0.1)\n")
    assert "already" in left(high, "weight-decay", decay=0.01)
    assert "no weight decay" in left(
        script(optimizer="optimizer = torch.optim.LBFGS(model.parameters())\n"), "weight-decay"
    )


def test_sgd_becomes_adam_and_loses_what_adam_does_not_take():
    many = "optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, weight_decay=1e-4, nesterov=True)\n"
    found = changes(script(optimizer=many), "adam", rate=1e-3)
    assert found[1] == "+optimizer = torch.optim.Adam(model.parameters(), weight_decay=1e-4, lr=0.001)"
    imported = script(
        head="from torch.optim import SGD\n" + HEAD, optimizer="optimizer = SGD(model.parameters(), 0.5)\n"
    )
    assert changes(imported, "adam")[1] == "+optimizer = torch.optim.Adam(model.parameters(), lr=0.001)"
    assert "self.optimizer = torch.optim.Adam(" in changes(HEAD + TRAINER, "adam")[1]
    assert "already" in left(script(optimizer="optimizer = torch.optim.AdamW(model.parameters())\n"), "adam")


def test_adam_becomes_sgd_with_momentum():
    adam = script(optimizer="optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, betas=(0.9, 0.99))\n")
    assert (
        changes(adam, "sgd-momentum")[1]
        == "+optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)"
    )
    assert changes(script(), "sgd-momentum", momentum=0.8)[1].endswith("lr=0.5, momentum=0.8)")
    assert changes(HEAD + TRAINER, "sgd-momentum")[1].endswith("lr=rate, momentum=0.9)")
    has = script(optimizer="optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.5)\n")
    assert "momentum already" in left(has, "sgd-momentum")
    assert "lines 7 and 8" in left(script(optimizer=TWO), "sgd-momentum")


def test_an_import_is_added_where_nothing_spells_the_class():
    source = "from torch.optim import SGD\nfrom torch.nn import Linear\nmodel = Linear(8, 3)\nopt = SGD(model.parameters(), lr=1.0)\n"
    assert changes(source, "adam")[:1] == ["+import torch"]
    assert MODEL.strip() not in source
