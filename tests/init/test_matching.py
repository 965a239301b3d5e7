"""What of a file comes into a net, and what is said where it is of another one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradwise import nets
from gradwise.errors import UsageError
from gradwise.init.matching import last_layer, load_weights

SMALL = {"channels": 1, "height": 8, "width": 8}


def resnet(name="resnet18", outputs=3, **options):
    return nets.make(name, outputs=outputs, units=4, **SMALL, **options)


@pytest.fixture
def trained():
    torch.manual_seed(0)
    return resnet(outputs=10)


def test_everything_but_a_new_head_is_taken(trained):
    net = resnet()
    head = net.fc.weight.clone()
    found = load_weights(net, trained.state_dict(), leave=("pixels.",))
    assert (len(found.taken), found.total, found.head) == (120, 122, "fc")
    assert found.fresh == ("fc.weight", "fc.bias") and found.outputs == (10, 3)
    assert str(found) == "120 of 122 entries matched; fc stays fresh: 10 outputs there, 3 here"
    assert torch.equal(net.fc.weight, head)
    assert torch.equal(net.layer4[1].bn2.running_var, trained.layer4[1].bn2.running_var)
    assert torch.equal(net.conv1.weight, trained.conv1.weight)


def test_the_head_is_taken_where_it_fits_unless_it_shall_not_be(trained):
    net = resnet(outputs=10)
    assert load_weights(net, trained.state_dict()).fresh == ()
    assert torch.equal(net.fc.weight, trained.fc.weight)
    net = resnet(outputs=10)
    found = load_weights(net, trained.state_dict(), fresh_head=True)
    assert "fc stays fresh: its 10 outputs stood for other answers" in str(found)
    assert not torch.equal(net.fc.weight, trained.fc.weight)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod.", "model.module."])
def test_prefixes_of_wrappers(prefix, trained):
    state = {prefix + name: value for name, value in trained.state_dict().items()}
    net = resnet()
    assert len(load_weights(net, state).fresh) == 2 and torch.equal(net.conv1.weight, trained.conv1.weight)


def test_densenets_were_published_with_dots_before_the_numbers():
    class Layer(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.conv2 = nn.BatchNorm2d(2), nn.Conv2d(2, 2, 1)
            self.out = nn.Linear(2, 2)

    old = nn.Sequential(Layer())
    state = {n.replace("norm1", "norm.1").replace("conv2", "conv.2"): v for n, v in old.state_dict().items()}
    assert "0.norm.1.weight" in state
    new = nn.Sequential(Layer())
    assert len(load_weights(new, {f"module.{n}": v for n, v in state.items()}).taken) == 9
    assert torch.equal(new[0].conv2.weight, old[0].conv2.weight)


def test_auxiliary_heads_are_left_over_and_counters_may_be_missing(trained):
    state = {n: v for n, v in trained.state_dict().items() if not n.endswith("num_batches_tracked")}
    state |= {"aux1.fc.weight": torch.ones(10, 4), "AuxLogits.conv.weight": torch.ones(1)}
    found = load_weights(resnet(), state, leave=("pixels.",))
    assert found.left_over == ("aux1", "AuxLogits") and found.missing == () and found.total == 102
    assert str(found).endswith("left over there: aux1, AuxLogits")


def test_a_file_without_head(trained):
    state = {n: v for n, v in trained.state_dict().items() if not n.startswith("fc.")}
    assert "fc stays fresh: the file has none" in str(load_weights(resnet(), state))
    state["fc.0.weight"] = torch.ones(7, 32)  # a head of several layers
    assert load_weights(resnet(), state).left_over == ("fc",)


def test_half_precision_becomes_the_nets(trained):
    net = resnet()
    load_weights(net, {name: value.half() for name, value in trained.state_dict().items()})
    assert net.conv1.weight.dtype == torch.float32
    assert torch.allclose(net.conv1.weight, trained.conv1.weight, atol=1e-3)


def broken(state):
    return {**state, "layer1.0.conv1.weight": torch.full_like(state["layer1.0.conv1.weight"], float("nan"))}


WRONG = {
    "other names": (
        lambda net: {"features.0.weight": torch.ones(2, 3), "features.0.bias": torch.ones(2)},
        (
            r"^F is of another net: none of its 2 entries is one of this net's 122; expected first "
            r"conv1\.weight \(4×1×3×3\), found first features\.0\.weight \(2×3\)\.$"
        ),
    ),
    "other stem": (
        lambda net: {**net.state_dict(), "conv1.weight": torch.ones(4, 1, 7, 7)},
        r"^F does not fit this net: conv1\.weight is 4×1×3×3 here and 4×1×7×7 there\.$",
    ),
    "wider": (
        lambda net: nets.make("resnet18", outputs=3, units=8, **SMALL).state_dict(),
        r"^F does not fit this net: conv1\.weight is .* \(and \d+ more\)\.$",
    ),
    "larger": (
        lambda net: resnet("resnet34", 10).state_dict(),
        r"^F is of a larger or another net: layer1\.2\.conv1\.weight 4×4×3×3 is unknown here; ",
    ),
    "smaller": (
        lambda net: {n: v for n, v in net.state_dict().items() if not n.startswith("layer4.1.")},
        r"^F is of a smaller or another net: layer4\.1\.conv1\.weight 32×32×3×3 is missing there; .*partial=yes",
    ),
    "not numbers": (
        lambda net: broken(net.state_dict()),
        r"^F holds values in layer1\.0\.conv1\.weight that",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_weights_of_another_net_are_refused_and_nothing_is_changed(case, trained):
    make, said = WRONG[case]
    net = resnet()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with pytest.raises(UsageError, match=said):
        load_weights(net, make(trained), source="F", leave=("pixels.",))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_the_last_layer_of_every_net_puts_its_outputs_out():
    shapes = {
        "table": {"numbers": 4, "categories": (3,)},
        "images": {"channels": 3, "height": 224, "width": 224},
        "series": {"features": 2, "length": 10},
        "text": {"vocabulary": 20, "length": 10},
    }
    for name in nets.NETS:
        for kind in nets.NETS[name].makers:
            with torch.device("meta"):
                net = nets.make(name, outputs=7, **shapes[kind])
            weight = net.get_submodule(last_layer(net)).weight
            assert weight.shape[0] == 7, (name, kind)
