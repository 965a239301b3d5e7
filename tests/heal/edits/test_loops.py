"""Modes, loaders, batches, epochs, losses, states: what stands around and inside the training loop."""

import pytest

from gradwise.heal.edits.script.facts import Facts
from tests.heal.edits.scripts import (
    HEAD,
    LOOP,
    MODEL,
    NET,
    OPTIMIZER,
    TRAINER,
    USED,
    changes,
    edited,
    left,
    script,
)

EVALUATED = """\
def accuracy(model):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean()


"""
CARELESS = EVALUATED.replace("    model.eval()\n", "")
LOADER = "loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), {})\n"
LOADED = """\
for epoch in range(5):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
"""


def loaded(options, more=""):
    return script(optimizer=OPTIMIZER + more + LOADER.format(options), loop=LOADED)


# ---- modes


def test_training_mode_is_set_where_training_begins_again():
    assert changes(script(), "set-train-mode") == ["+model.train()"]
    assert "    model.train()\n    for i in" in edited(script(), "set-train-mode").source
    inside = LOOP + "        model.eval()\n"
    assert "16):\n        model.train()\n" in edited(script(loop=inside), "set-train-mode").source
    by_function = script(head=HEAD + EVALUATED, loop=LOOP + "        accuracy(model)\n")
    assert "16):\n        model.train()\n" in edited(by_function, "set-train-mode").source
    trainer = edited(HEAD + TRAINER + USED, "set-train-mode")
    assert (
        trainer.source
        == HEAD + TRAINER.replace("        for epoch", "        self.model.train()\n        for epoch") + USED
    )


def test_training_mode_that_is_set_or_not_certain_is_left():
    assert "is set where" in left(
        script(loop=LOOP.replace("    for i", "    model.train()\n    for i")), "set-train-mode"
    )
    assert "training runs in lines" in left(script(loop=LOOP + LOOP), "set-train-mode")


def test_evaluation_mode_is_set_and_taken_back():
    function = edited(
        script(head=HEAD + CARELESS, loop=LOOP + "    accuracy(model)\n"), "set-eval-mode"
    ).source
    assert function == script(
        head=HEAD + EVALUATED,
        loop=LOOP.replace("    for i", "    model.train()\n    for i") + "    accuracy(model)\n",
    ).replace("    model.eval()\n    with", "    model.eval()\n    with")
    inline = LOOP + "    with torch.no_grad():\n        print(model(x))\n"
    assert edited(script(loop=inline), "set-eval-mode").source.endswith(
        "    model.eval()\n    with torch.no_grad():\n        print(model(x))\n    model.train()\n"
    )
    decorated = "@torch.no_grad()\ndef score(model):\n    return model(x)\n\n\n"
    found = edited(script(head=HEAD + decorated), "set-eval-mode").source
    assert (
        "def score(model):\n    model.eval()\n    return" in found and "    model.train()\n    for i" in found
    )
    bare = EVALUATED.replace("eval()", "eval")
    assert changes(script(head=HEAD + bare), "set-eval-mode") == ["-model.eval", "+model.eval()"]


def test_evaluation_mode_that_is_set_or_has_no_place_is_left():
    assert "no stretch" in left(script(head=HEAD + EVALUATED), "set-eval-mode")
    assert "no stretch" in left(script(), "set-eval-mode")


# ---- data


def test_the_training_loader_shuffles():
    assert changes(loaded("batch_size=16"), "shuffle")[1].endswith("batch_size=16, shuffle=True)")
    assert changes(loaded("16, False"), "shuffle")[1].endswith("16, True)")
    both = loaded("batch_size=16, shuffle=False") + LOADER.format("batch_size=64").replace(
        "loader =", "test_loader ="
    )
    assert changes(both, "shuffle")[1].startswith("+loader =")
    by_hand = LOOP.replace("    for i", "    order = torch.arange(64)\n    for i")
    assert changes(script(loop=by_hand), "shuffle")[1] == "+order = torch.randperm(64)"


def test_an_order_that_is_chosen_is_left():
    assert "shuffles already" in left(loaded("16, shuffle=True"), "shuffle")
    assert "sampler" in left(loaded("16, sampler=None"), "shuffle")
    assert "no DataLoader" in left(script(), "shuffle")


def test_batches_grow():
    assert changes(loaded("batch_size=2"), "larger-batch", times=8)[1].endswith("batch_size=16)")
    assert changes(loaded("SIZE", "SIZE = 2\n"), "larger-batch", times=8) == ["-SIZE = 2", "+SIZE = 16"]
    by_hand = changes(script(), "larger-batch", times=2)
    assert [line for line in by_hand if line[0] == "+"] == [
        "+for i in range(0, 64, 32):",
        "+loss = F.cross_entropy(model(x[i : i + 32]), y[i : i + 32])",
    ]
    named = script(optimizer=OPTIMIZER + "size = 16\n", loop=LOOP.replace("16", "size"))
    assert changes(named, "larger-batch", times=2) == ["-size = 16", "+size = 32"]


def test_batches_of_another_making_are_left():
    assert "no batches are cut" in left(
        script(loop=LOOP.replace("range(0, 64, 16)", "range(64)")), "larger-batch"
    )
    two = LOADER.format(8).replace("loader =", "a =") + LOADER.format(8).replace("loader =", "b =")
    assert "not certain" in left(script(optimizer=OPTIMIZER + two), "larger-batch")


def test_batches_follow_each_other():
    loop = "for step in range(20):\n    xb, yb = next(iter(loader))\n    F.cross_entropy(model(xb), yb).backward()\n    optimizer.step()\n"
    source = script(optimizer=OPTIMIZER + LOADER.format("16"), loop=loop)
    found = edited(source, "advance-loader").source
    assert "batches = endless(loader)\nfor step" in found and "xb, yb = next(batches)" in found
    spelled = {"loader": None}
    names = dict(spelled)
    exec(found.replace("range(20)", "range(2)"), names)
    first, second = next(names["batches"]), next(names["batches"])
    assert not first[0].equal(second[0])
    inside = "def run():\n" + "".join(f"    {line}\n" for line in loop.splitlines()) + "\n\nrun()\n"
    assert len(changes(script(optimizer=OPTIMIZER + LOADER.format("16"), loop=inside), "advance-loader")) == 7
    nested = "for epoch in range(2):\n" + "".join(f"    {line}\n" for line in loop.splitlines())
    assert (
        "batches = endless(loader)\nfor epoch"
        in edited(script(optimizer=OPTIMIZER + LOADER.format("16"), loop=nested), "advance-loader").source
    )


def test_an_iterator_that_is_no_such_loop_is_left():
    assert "does not stand" in left(script(), "advance-loader")
    assert "does not stand" in left(
        script(end=LOADER.format("16") + "next(iter(loader))\n"), "advance-loader"
    )


SPLIT = "from sklearn.datasets import load_iris\nfrom sklearn.model_selection import train_test_split\nX, y = load_iris(return_X_y=True)\nX_train, X_test, y_train, y_test = train_test_split(X, y)\n"


def test_inputs_are_standardised_by_the_training_part():
    lines = [
        "+mean, std = X_train.mean(0), X_train.std(0) + 1e-8",
        "+X_train, X_test = (X_train - mean) / std, (X_test - mean) / std",
    ]
    assert changes(script(head=HEAD + SPLIT), "standardize-input") == lines
    data = SPLIT.replace("X, y = load_iris(return_X_y=True)", "d = load_iris()").replace(
        "(X, y)", "(d.data, d.target)"
    )
    assert changes(script(head=HEAD + data), "standardize-input") == lines
    tensors = (
        "X_train = torch.tensor(a, dtype=torch.float32)\nX_test = torch.tensor(b, dtype=torch.float32)\n"
    )
    assert changes(script(head=HEAD + tensors), "standardize-input") == lines
    assert "input_mean" in changes(script(head=HEAD + "mean = 3\n" + tensors), "standardize-input")[0]


def test_inputs_of_uncertain_making_are_left():
    assert "not certain" in left(script(), "standardize-input")
    assert "prepares" in left(
        script(head=HEAD + SPLIT + "from sklearn.preprocessing import scale\nscale(X)\n"), "standardize-input"
    )


# ---- epochs


def test_epochs_are_multiplied():
    assert changes(script(), "train-longer", times=3)[1] == "+for epoch in range(15):"
    constant = script(
        optimizer=OPTIMIZER + "EPOCHS = 5\nschedule = torch.optim.lr_scheduler.StepLR(optimizer, EPOCHS)\n",
        loop=LOOP.replace("range(5)", "range(EPOCHS)"),
    )
    assert changes(constant, "train-longer", times=3) == ["-EPOCHS = 5", "+EPOCHS = 15"]
    assert changes(HEAD + TRAINER + USED, "train-longer", times=2)[1] == "+for epoch in range(10):"
    assert (
        changes(script(loop=LOOP.replace("range(5)", "range(1, 6)")), "train-longer", times=2)[1]
        == "+for epoch in range(1, 12):"
    )
    computed = changes(script(loop=LOOP.replace("range(5)", "range(len(x) // 8)")), "train-longer", times=2)
    assert computed[1] == "+for epoch in range((len(x) // 8) * 2):"


def test_rounds_that_are_not_counted_are_left():
    assert "by range()" in left(
        script(loop=LOOP.replace("for epoch in range(5)", "while True")), "train-longer"
    )
    assert "several loops" in left(script(loop=LOOP + LOOP), "train-longer")
    assert "validation in the loop of line 9" in left(script(), "early-stop")


# ---- losses

COLUMN = Facts(prediction=(16, 1), target=(16,))


def test_the_prediction_is_squeezed():
    direct = LOOP.replace("F.cross_entropy", "F.mse_loss")
    assert (
        changes(script(loop=direct), "align-shapes", COLUMN)[1]
        == "+loss = F.mse_loss(model(x[i : i + 16]).squeeze(-1), y[i : i + 16])"
    )
    named = LOOP.replace(
        "        loss = F.cross_entropy(model(x[i : i + 16]), ",
        "        out = model(x[i : i + 16])\n        loss = F.mse_loss(out, ",
    )
    assert changes(script(loop=named), "align-shapes", COLUMN)[1] == "+out = model(x[i : i + 16]).squeeze(-1)"
    assert (
        changes(HEAD + TRAINER + USED, "align-shapes", COLUMN)[1]
        == "+loss = F.cross_entropy(self.model(x).squeeze(-1), y)"
    )
    test = direct + "print(F.mse_loss(model(x), y))\n"
    assert len(changes(script(loop=test), "align-shapes", COLUMN)) == 4


def test_shapes_that_are_not_known_are_left():
    assert "not known" in left(script(), "align-shapes")
    assert "has shape (16, 3)" in left(script(), "align-shapes", Facts(prediction=(16, 3), target=(16,)))
    pair = LOOP.replace(
        "        loss = F.cross_entropy(model(x[i : i + 16]), ",
        "        out, h = model(x[i : i + 16])\n        loss = F.mse_loss(out, ",
    )
    assert "not certain" in left(script(loop=pair), "align-shapes", COLUMN)


def test_classes_are_weighed():
    criterion = script(
        optimizer=OPTIMIZER + "criterion = nn.CrossEntropyLoss()\n",
        loop=LOOP.replace("F.cross_entropy", "criterion"),
    )
    assert (
        changes(criterion, "class-weights", Facts(class_counts=(90, 10)))[1]
        == "+criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.5556, 5]))"
    )
    assert (
        changes(criterion, "class-weights")[1]
        == "+criterion = nn.CrossEntropyLoss(weight=len(y) / ((y.max() + 1) * torch.bincount(y)))"
    )
    assert (
        "weight=torch.tensor([0.5556, 5]))"
        in changes(script(), "class-weights", Facts(class_counts=(90, 10)))[1]
    )
    device = "device = 'cpu'\n"
    assert (
        "[0.5556, 5], device=device)"
        in changes(script(head=HEAD + device), "class-weights", Facts(class_counts=(90, 10)))[1]
    )
    binary = criterion.replace("CrossEntropyLoss", "BCEWithLogitsLoss")
    assert changes(binary, "class-weights", Facts(class_counts=(90, 10)))[1].endswith(
        "(pos_weight=torch.tensor(9))"
    )


def test_weights_that_are_there_or_cannot_be_known_are_left():
    weighed = script(loop=LOOP.replace("+ 16])\n        loss.b", "+ 16], weight=None)\n        loss.b"))
    assert "weights already" in left(weighed, "class-weights")
    assert "not known" in left(HEAD + TRAINER + USED, "class-weights")
    assert "one place" in left(script(loop=LOOP.replace("F.cross_entropy", "F.mse_loss")), "class-weights")


# ---- parameters


def test_all_parameters_are_given_to_the_optimizer():
    part = script(model=NET, optimizer="optimizer = torch.optim.SGD(model.fc3.parameters(), lr=0.5)\n")
    assert (
        changes(part, "add-to-optimizer", Facts(where=("fc1", "fc2")))[1]
        == "+optimizer = torch.optim.SGD(model.parameters(), lr=0.5)"
    )
    late = script(model=NET + OPTIMIZER, optimizer="model.fc3 = nn.Linear(16, 3)\n")
    assert "model.fc3 = nn.Linear(16, 3)\n" + OPTIMIZER in edited(late, "add-to-optimizer").source
    two = script(
        model="encoder = nn.Linear(8, 8)\n" + MODEL,
        loop=LOOP.replace("model(x[i : i + 16])", "model(encoder(x[i : i + 16]))"),
    )
    assert (
        changes(two, "add-to-optimizer")[1]
        == "+optimizer = torch.optim.SGD([*model.parameters(), *encoder.parameters()], lr=0.5)"
    )


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (
            "self.layers = [nn.Linear(8, 8), nn.Linear(8, 3)]",
            "self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 3)])",
        ),
        (
            "self.layers = [nn.Linear(8, 8) for _ in range(3)]",
            "self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])",
        ),
    ],
)
def test_layers_in_a_list_are_registered(made, kept):
    source = script(model=NET.replace("self.act = nn.Sigmoid()", made))
    assert changes(source, "add-to-optimizer")[1] == f"+{kept}"


def test_layers_put_into_a_list_one_by_one_are_registered():
    made = "self.layers = []\n        for _ in range(3):\n            self.layers.append(nn.Linear(8, 8))"
    assert (
        changes(script(model=NET.replace("self.act = nn.Sigmoid()", made)), "add-to-optimizer")[1]
        == "+self.layers = nn.ModuleList()"
    )


def test_parameters_that_may_be_held_on_purpose_are_left():
    frozen = script(
        model=NET,
        optimizer="model.fc1.requires_grad_(False)\noptimizer = torch.optim.SGD(model.fc3.parameters(), lr=0.5)\n",
    )
    assert "not certain" in left(frozen, "add-to-optimizer")
    assert "not certain" in left(script(), "add-to-optimizer")
    kept = script(model=NET.replace("self.act = nn.Sigmoid()", "self.sizes = [8, 16]"))
    assert "not certain" in left(kept, "add-to-optimizer")


def test_what_freezes_is_taken_out():
    loop = "for p in model.parameters():\n    p.requires_grad = False\n"
    assert edited(script(optimizer=loop + OPTIMIZER), "unfreeze").source == script()
    call = "model[0].requires_grad_(False)\n"
    assert edited(script(optimizer=call + OPTIMIZER), "unfreeze").source == script()
    one = "model[0].weight.requires_grad = False\n"
    assert edited(script(optimizer=one + OPTIMIZER), "unfreeze").source == script()
    assert "no single" in left(script(), "unfreeze")
    assert "no single" in left(script(optimizer=loop + call + OPTIMIZER), "unfreeze")


# ---- states

RECURRENT = """\
rnn = nn.{kind}(8, 3, batch_first=True)
optimizer = torch.optim.SGD(rnn.parameters(), lr=0.5)
h = {start}
for i in range(20):
    optimizer.zero_grad()
    out, h = rnn(x[None], h)
    loss = out.mean()
    loss.backward({retain})
    optimizer.step()
"""


def test_carried_states_are_detached():
    gru = HEAD + RECURRENT.format(kind="GRU", start="torch.zeros(1, 1, 3)", retain="retain_graph=True")
    assert sorted(changes(gru, "detach-state")) == [
        "+h = h.detach()",
        "+loss.backward()",
        "-loss.backward(retain_graph=True)",
    ]
    lstm = HEAD + RECURRENT.format(kind="LSTM", start="None", retain="retain_graph=True, inputs=None")
    found = changes(lstm, "detach-state")
    assert found[:2] == ["+if h is not None:", "+h = tuple(part.detach() for part in h)"]
    assert found[-1] == "+loss.backward(inputs=None)"
    mean = NET.replace("x = self.act(self.fc1(x))", "self.mean = 0.9 * self.mean + 0.1 * x.mean(0)")
    assert (
        changes(script(model=mean), "detach-state")[1]
        == "+self.mean = 0.9 * self.mean.detach() + 0.1 * x.mean(0)"
    )


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_a_detached_state_lets_the_script_run(kind):
    source = HEAD + RECURRENT.format(kind=kind, start="None", retain="")
    with pytest.raises(RuntimeError, match="backward through the graph"):
        exec(source, {})
    exec(edited(source, "detach-state").source, {})


def test_states_of_an_unknown_kind_are_left():
    both = HEAD + "other = nn.LSTM(3, 3)\n" + RECURRENT.format(kind="GRU", start="None", retain="")
    assert "not certain" in left(both, "detach-state")
    assert "no state" in left(script(), "detach-state")
