"""What stands around backward and step: clipping, clearing, stepping, schedules."""

import pytest

from gradwise.heal.edits.script.facts import Facts
from tests.heal.edits.scripts import HEAD, LOOP, OPTIMIZER, TRAINER, USED, changes, edited, left, script

SCALED = """\
scaler = torch.amp.GradScaler("cpu")
for i in range(4):
    optimizer.zero_grad()
    scaler.scale(F.cross_entropy(model(x), y)).backward()
    scaler.step(optimizer)
    scaler.update()
"""
FUNCTION = """\
def train(net, opt):
    for i in range(0, 64, 16):
        opt.zero_grad()
        loss = F.cross_entropy(net(x[i : i + 16]), y[i : i + 16])
        loss.backward()
        opt.step()


train(model, optimizer)
"""
CLOSURE = "optimizer.step(lambda: F.cross_entropy(model(x), y))\n"


# ---- clip-gradient, raise-clip, move-clip


def test_gradients_are_clipped_before_each_step():
    assert changes(script(), "clip-gradient", limit=2) == [
        "+nn.utils.clip_grad_norm_(model.parameters(), 2.0)"
    ]
    trainer = changes(HEAD + TRAINER + USED, "clip-gradient")
    assert trainer == ["+nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)"]
    scaled = changes(script(loop=SCALED), "clip-gradient")
    assert scaled == ["+scaler.unscale_(optimizer)", "+nn.utils.clip_grad_norm_(model.parameters(), 1.0)"]


def test_where_the_model_is_not_known_the_optimizers_parameters_are_clipped():
    inside = "def main():\n    model = nn.Linear(8, 3)\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n    train(model, optimizer)\n\n\n"
    source = HEAD + FUNCTION.replace("train(model, optimizer)\n", "") + inside
    found = changes(source, "clip-gradient")
    assert found == [
        '+nn.utils.clip_grad_norm_([p for group in opt.param_groups for p in group["params"]], 1.0)'
    ]


def test_clipping_is_left_where_it_is_there_or_steps_take_closures():
    clipped = script(
        loop=LOOP.replace(
            "        optimizer.step()",
            "        nn.utils.clip_grad_norm_(model.parameters(), 1)\n        optimizer.step()",
        )
    )
    assert "line 13 clips already" in left(clipped, "clip-gradient")
    assert "closure" in left(script(loop=CLOSURE), "clip-gradient")


CLIP = "nn.utils.clip_grad_norm_(model.parameters(), {})"


@pytest.mark.parametrize(
    ("clip", "line"),
    [
        (CLIP.format("0.01"), "+" + CLIP.format("0.1")),
        (CLIP.format("max_norm=0.01"), "+" + CLIP.format("max_norm=0.1")),
        (
            "torch.nn.utils.clip_grad_value_(model.parameters(), 0.5)",
            "+torch.nn.utils.clip_grad_value_(model.parameters(), 5.0)",
        ),
    ],
)
def test_the_limit_is_raised(clip, line):
    source = script(
        loop=LOOP.replace("        optimizer.step()", f"        {clip}\n        optimizer.step()")
    )
    assert changes(source, "raise-clip", times=10)[1] == line


def test_no_limit_is_no_raise():
    assert "no call" in left(script(), "raise-clip")
    assert "max_norm" in left(script(end="nn.utils.clip_grad_norm_(model.parameters())\n"), "raise-clip")


def test_a_clip_after_the_step_or_before_the_backward_is_moved():
    clip = f"        {CLIP.format(1.0)}\n"
    for place in ("        optimizer.step()\n", "        loss.backward()\n"):
        late = LOOP.replace(place, place + clip if "step" in place else clip + place)
        whole = edited(script(loop=late), "move-clip").source
        assert whole == script(
            loop=LOOP.replace("        optimizer.step()\n", clip + "        optimizer.step()\n")
        )
    trainer = TRAINER.replace(
        "        self.optimizer.step()\n",
        "        self.optimizer.step()\n        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)\n",
    )
    assert len(changes(HEAD + trainer + USED, "move-clip")) == 2


def test_a_clip_in_place_or_elsewhere_is_left():
    clip = f"        {CLIP.format(1.0)}\n"
    good = LOOP.replace("        optimizer.step()\n", clip + "        optimizer.step()\n")
    assert "already" in left(script(loop=good), "move-clip")
    outside = LOOP + "    " + CLIP.format(1.0) + "\n"
    assert "beside" in left(script(loop=outside), "move-clip")


# ---- zero-grad, call-step


def test_gradients_are_cleared_before_the_backward():
    bare = LOOP.replace("        optimizer.zero_grad()\n", "")
    assert changes(script(loop=bare), "zero-grad") == ["+optimizer.zero_grad()"]
    trainer = TRAINER.replace("        self.optimizer.zero_grad()\n", "")
    assert changes(HEAD + trainer + USED, "zero-grad") == ["+self.optimizer.zero_grad()"]
    function = FUNCTION.replace("        opt.zero_grad()\n", "")
    assert changes(script(loop=function), "zero-grad") == ["+opt.zero_grad()"]


def test_accumulated_gradients_are_cleared_after_the_step():
    some = LOOP.replace("        optimizer.zero_grad()\n", "").replace(
        "        optimizer.step()", "        if i % 32 == 0:\n            optimizer.step()"
    )
    found = changes(script(loop=some), "zero-grad")
    assert found == ["+optimizer.zero_grad()"]


def test_the_one_of_two_optimizers_that_is_not_cleared_is_found():
    two = "first = torch.optim.SGD(model[0].parameters(), lr=1.0)\nsecond = torch.optim.SGD(model[2].parameters(), lr=1.0)\n"
    loop = LOOP.replace("optimizer.zero_grad()", "first.zero_grad()").replace(
        "optimizer.step()", "first.step()\n        second.step()"
    )
    assert changes(script(optimizer=two, loop=loop), "zero-grad") == ["+second.zero_grad()"]


def test_cleared_gradients_are_left():
    assert "cleared already" in left(script(), "zero-grad")
    model = LOOP.replace("optimizer.zero_grad()", "model.zero_grad()")
    assert "cleared already" in left(script(loop=model), "zero-grad")
    assert "closure" in left(script(loop=CLOSURE), "zero-grad")


def test_a_step_is_called():
    bare = LOOP.replace("optimizer.step()", "optimizer.step")
    assert changes(script(loop=bare), "call-step") == ["-optimizer.step", "+optimizer.step()"]
    none = LOOP.replace("        optimizer.step()\n", "")
    assert changes(script(loop=none), "call-step") == ["+optimizer.step()"]
    trainer = TRAINER.replace("        self.optimizer.step()\n", "")
    assert changes(HEAD + trainer + USED, "call-step") == ["+self.optimizer.step()"]
    cleared = LOOP.replace("        optimizer.zero_grad()\n", "").replace(
        "        optimizer.step()", "        optimizer.zero_grad()\n        optimizer.step()"
    )
    assert sorted(changes(script(loop=cleared), "call-step")) == [
        "+optimizer.zero_grad()",
        "-optimizer.zero_grad()",
    ]


def test_a_step_that_is_there_or_has_no_optimizer_is_left():
    assert "followed by a step" in left(script(), "call-step")
    none = LOOP.replace("        optimizer.step()\n", "")
    assert "no optimizer" in left(script(optimizer="", loop=none), "call-step")


# ---- warm-up, move-scheduler

WARM = "torch.optim.lr_scheduler.LambdaLR({}, lambda step: min(1.0, 0.01 + 0.99 * step / 50))"


def test_a_warm_up_is_made_and_stepped():
    assert changes(script(), "warm-up", steps=50) == [
        f"+warmup = {WARM.format('optimizer')}",
        "+warmup.step()",
    ]
    trainer = changes(HEAD + TRAINER + USED, "warm-up", steps=50)
    assert trainer == [f"+self.warmup = {WARM.format('self.optimizer')}", "+self.warmup.step()"]
    function = FUNCTION.replace("opt", "optimizer").replace("optimizerim", "optim")
    assert changes(script(loop=function), "warm-up", steps=50)[1] == "+warmup.step()"


def test_a_warm_up_beside_another_schedule_or_out_of_sight_is_left():
    schedule = "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)\n"
    assert "StepLR of line 8" in left(script(loop=schedule + LOOP), "warm-up")
    main = "def main():\n    model = nn.Linear(8, 3)\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n    train(model, optimizer)\n"
    assert "would not be known" in left(
        HEAD + FUNCTION.replace("train(model, optimizer)\n", "") + main, "warm-up"
    )
    assert "may skip" in left(script(loop=SCALED), "warm-up")


def scheduled(kind, loop):
    return script(loop=f"scheduler = torch.optim.lr_scheduler.{kind}\n{loop}")


def test_a_schedule_is_stepped_once_per_epoch_or_once_per_batch():
    inner = LOOP + "        scheduler.step()\n"
    outer = LOOP + "    scheduler.step()\n"
    assert sorted(changes(scheduled("StepLR(optimizer, 3)", inner), "move-scheduler")) == [
        "+scheduler.step()",
        "-scheduler.step()",
    ]
    cycle = "OneCycleLR(optimizer, 1.0, total_steps=20)"
    assert len(changes(scheduled(cycle, outer), "move-scheduler")) == 2
    early = LOOP.replace(
        "        optimizer.step()", "        scheduler.step()\n        optimizer.step()"
    ).replace("    for i in range(0, 64, 16):\n", "    if True:\n")
    assert len(changes(scheduled("StepLR(optimizer, 3)", early), "move-scheduler")) == 2


def test_a_schedule_in_its_place_is_left():
    assert "not certain" in left(
        scheduled("StepLR(optimizer, 3)", LOOP + "    scheduler.step()\n"), "move-scheduler"
    )
    assert "one schedule" in left(script(), "move-scheduler")
    assert OPTIMIZER in script()


# ---- descend


def test_an_optimizer_that_maximises_no_longer_does():
    climbing = OPTIMIZER.replace("lr=0.5", "lr=0.5, maximize=True")
    found = changes(script(optimizer=climbing), "descend")
    assert found[1] == "+" + OPTIMIZER.strip().replace("lr=0.5", "lr=0.5, maximize=False")
    assert "maximize=True is not written" in left(script(), "descend")
    chosen = OPTIMIZER.replace("lr=0.5", "lr=0.5, maximize=reward")
    assert "maximize=True is not written" in left(script(optimizer=chosen), "descend")


# ---- guard-edges


LENGTHS = """\
def lengths(a, b):
    short = ((a - b) ** 2).sum(dim=1).sqrt()
    long = torch.sqrt((a * b).sum(1) - b)
    angle = torch.acos(
        a / (b.norm() * a.norm())
    )
    other = (a - b).log() + b ** 0.5
    return short, long, angle, other, torch.exp(a), a / b
"""


@pytest.mark.parametrize(
    ("name", "line", "text"),
    [
        ("sqrt", 8, "    short = ((a - b) ** 2).sum(dim=1).clamp(min=1e-06).sqrt()"),
        ("sqrt", 9, "    long = torch.sqrt(((a * b).sum(1) - b).clamp(min=1e-06))"),
        ("acos", 10, "        (a / (b.norm() * a.norm())).clamp(-1 + 1e-06, 1 - 1e-06)"),
        ("log", 13, "    other = (a - b).clamp(min=1e-06).log() + b ** 0.5"),
        ("pow", 13, "    other = (a - b).log() + b.clamp(min=1e-06) ** 0.5"),
    ],
)
def test_what_met_its_edge_is_clamped_where_it_is_given(name, line, text):
    facts = Facts(edges=[(name, "train.py", line)])
    assert changes(HEAD + "\n" + LENGTHS, "guard-edges", facts)[1] == "+" + text.strip()


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([], "is not known"),
        ([("sqrt", "train.py", 10)], "sqrt of train.py:10 was not found"),
        ([("exp", "train.py", 14)], "on which side"),
        ([("truediv", "train.py", 14)], "on which side"),
    ],
)
def test_edges_that_cannot_be_placed_are_left_to_words(edges, words):
    assert words in left(HEAD + "\n" + LENGTHS, "guard-edges", Facts(edges=edges))
