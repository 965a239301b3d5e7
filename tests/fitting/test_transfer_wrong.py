"""What cannot be built upon: one sentence for each."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from gradwise.errors import UsageError
from gradwise.fitting.fit import fit, rerun
from gradwise.fitting.listener import Listener
from gradwise.fitting.network import WEIGHTS
from tests.fitting.earlier import OLD, QUICK, make_earlier, state


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    make_earlier(folder)
    return folder


SAID = {
    "weights: nothing there": ({"weights": "none.pth"}, r"--weights .*none\.pth does not exist; give a \.safetensors or \.pth file, or"),
    "weights: a folder of something": ({"weights": "."}, r"is no directory of a fit \(it has no run\.json\)"),
    "weights: a file without a net": ({"weights": "w.pth"}, r"w\.pth tells weights and not the net .*--net resnet18"),
    "weights: another net": ({"weights": "two", "net": "perceptron"}, r"two holds a mlp, not a perceptron; leave --net out"),
    "weights: of images": ({"weights": "cnn"}, r"--weights cnn was trained on images, and this data is a table"),
    "weights: other columns": ({"weights": "two", "data": "fewer.csv"}, r"lacks column 'petal width \(cm\)'"),
    "weights: and scaling": ({"weights": "two", "scale": "min-max"}, r"brings along how its inputs were scaled; leave --scale min-max out"),
    "weights: and init": ({"weights": "two", "init": "pretrained:path=w.pth"}, r"both name weights; give one"),
    "weights: other width": ({"weights": "two", "width": 8}, r"--weights two does not fit this net: layers\.0\.weight is 8×4 here and 16×4 there"),
    "weights: empty file": ({"weights": "empty.pth", "net": "mlp"}, r"empty\.pth is no file of weights \(it is empty\)"),
    "weights: code": ({"weights": "code.pth", "net": "mlp"}, r"code\.pth holds more than weights, which could run code"),
    "weights: cut off": ({"weights": "cut.pth", "net": "mlp"}, r"cut\.pth is no file of weights \(it is damaged or cut off\)"),
    "weights: no weights": ({"weights": "list.pth", "net": "mlp"}, r"list\.pth holds no state dict"),
    "weights: text": ({"weights": "text.pth", "net": "mlp"}, r"text\.pth is no file of weights"),
    "weights: other names": ({"weights": "w.pth", "net": "mlp"}, r"w\.pth is of another net: none of its 1 entries .*expected first layers\.0\.weight .* found first conv\.weight \(2×2\)"),
    "weights: average": ({"weights": "average"}, r"average holds the average of 2 nets; give a fit of a single one"),
    "freeze: a number": ({"freeze": "2"}, r"not '2'; write all-but-2"),
    "freeze: too many": ({"freeze": "all-but-8", "net": "mlp"}, r"this net has 3 stages \(layers\.0, layers\.2, layers\.4\)"),
    "unfreeze: without": ({"unfreeze_every": 1}, r"--unfreeze-every thaws what --freeze froze; give --freeze all"),
    "unfreeze: nothing": ({"freeze": "all", "unfreeze_every": 0}, r"--unfreeze-every takes a number from 1"),
    "unfreeze: curvature": ({"freeze": "all", "unfreeze_every": 1, "optimizer": "l-bfgs"}, r"l-bfgs gathers the curvature of one set of weights"),
    "unfreeze: compiled": ({"freeze": "all", "unfreeze_every": 1, "compile": "yes"}, r"whenever a stage thaws; leave one out"),
    "decay: curvature": ({"rate_decay": 0.5, "optimizer": "bfgs"}, r"bfgs finds the length of its steps itself"),
    "decay: above one": ({"rate_decay": 1.5}, r"--rate-decay takes a number from 0\.001 to 1, not 1\.5"),
    "distill: without": ({"distill": "weight=0.5"}, r"name its run: --teacher RUN"),
    "distill: options": ({"teacher": "all", "distill": "hot=1"}, r"--distill has no option 'hot'"),
    "teacher: a file": ({"teacher": "w.pth"}, r"--teacher .*w\.pth is a file; give the directory of a fit"),
    "teacher: other classes": ({"teacher": "two"}, r"two predicts other classes: versicolor, virginica, and this data has setosa, versicolor, virginica"),
    "teacher: numbers": ({"teacher": "all", "data": "numbers.csv"}, r"--teacher all predicts classes, and this target holds numbers"),
    "teacher: images": ({"teacher": "cnn"}, r"--teacher cnn was trained on images, and this data is a table"),
    "teacher: other size": ({"teacher": "cnn", "data": "large.npz", "target": None}, r"takes images of 8×8 pixels, and these have 16×16"),
}  # fmt: skip


@pytest.fixture(scope="module")
def odd(place):
    """Files that cannot be used, beside those that can."""
    (place / "empty.pth").write_bytes(b"")
    (place / "text.pth").write_text("hello, these are no weights")
    torch.save(torch.nn.Linear(2, 2), place / "code.pth")
    torch.save({"conv.weight": torch.ones(2, 2)}, place / "w.pth")
    (place / "cut.pth").write_bytes((place / "w.pth").read_bytes()[:500])
    torch.save([1, 2], place / "list.pth")
    table = pl.read_csv(place / "iris.csv").with_row_index("n")
    table.with_columns(kind=pl.col("n") * 0.37).drop("n").write_csv(place / "numbers.csv")
    large = np.random.default_rng(0).integers(0, 255, (40, 16, 16), np.uint8)
    np.savez(place / "large.npz", x=large, y=np.arange(40) % 2)
    fit(place / "two.csv", "kind", out=place / "average", runs=2, epochs=1, doctor=False, **OLD)
    return place


@pytest.mark.parametrize("case", SAID)
def test_one_sentence_says_what_is_wrong(case, odd, tmp_path, monkeypatch):
    monkeypatch.chdir(odd)
    settings, said = SAID[case]
    settings = {"data": "iris.csv", "target": "kind", "epochs": 1, "doctor": False, **settings}
    data, target = settings.pop("data"), settings.pop("target")
    common = {} if settings.get("optimizer") in ("bfgs", "l-bfgs") else {"rate": 0.01}
    with pytest.raises(UsageError, match=said) as caught:
        fit(data, target, out=tmp_path / "run", **common, **settings)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_weights_that_changed_or_went_are_told(place, tmp_path):
    old = tmp_path / "old"
    fit(place / "two.csv", "kind", out=old, epochs=1, doctor=False, **OLD)
    fit(
        place / "two.csv",
        "kind",
        out=tmp_path / "run",
        weights=old,
        teacher=old,
        epochs=1,
        doctor=False,
        **QUICK,
    )
    weights = state(old)
    save_file({name: value + 1 for name, value in weights.items()}, old / WEIGHTS)
    with pytest.raises(UsageError, match=r"--weights: .*model\.safetensors has changed since the fit began"):
        rerun(tmp_path / "run", out=tmp_path / "again", progress=Listener())
    (old / WEIGHTS).unlink()
    with pytest.raises(UsageError, match=r"--weights .*old holds no finished network"):
        rerun(tmp_path / "run", out=tmp_path / "once more", progress=Listener())
