"""What regularisers do to weights, gradients and forward passes: known answers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from gradwise import optim, regularize
from gradwise.errors import UsageError
from gradwise.regularize.early_stopping import EarlyStopping
from tests.regularize.steps import cancer, descend, digits, take_step


def small(*, norm=False):
    torch.manual_seed(0)
    middle = [nn.BatchNorm1d(16)] if norm else []
    return nn.Sequential(nn.Linear(64, 16), *middle, nn.ReLU(), nn.Linear(16, 10))


def digits_loss(net, rows=256):
    pixels, target = digits()
    return lambda: functional.cross_entropy(net(pixels[:rows]), target[:rows])


def test_max_norm_holds_after_every_step():
    net, parts = small(), regularize.make("max-norm:norm=0.5")
    optimizer = optim.make("momentum", net.parameters(), rate=0.5)
    freely = small()
    loose = optim.make("momentum", freely.parameters(), rate=0.5)
    for _ in range(10):
        take_step(net, optimizer, digits_loss(net), parts)
        take_step(freely, loose, digits_loss(freely))
        assert all(layer.weight.norm(dim=1).max() <= 0.5 + 1e-6 for layer in (net[0], net[2]))
    assert freely[0].weight.norm(dim=1).max() > 1


def test_max_norm_knows_where_the_units_are():
    net = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ConvTranspose2d(3, 4, 2), nn.Linear(5, 2))
    for weight in net.parameters():
        nn.init.constant_(weight, 1.0)
    regularize.make("max-norm:norm=1").after_step(net, torch.optim.SGD(net.parameters(), lr=1))
    assert net[0].weight.flatten(1).norm(dim=1).tolist() == pytest.approx([1.0] * 3)
    assert net[1].weight.transpose(0, 1).flatten(1).norm(dim=1).tolist() == pytest.approx([1.0] * 4)
    assert net[2].weight.norm(dim=1).tolist() == pytest.approx([1.0] * 2)
    assert net[0].bias.tolist() == [1.0] * 3


def test_clipping_by_norm_and_value():
    net = nn.Linear(2, 2)
    net.weight.grad = torch.tensor([[3.0, 0.0], [0.0, 0.0]])
    net.bias.grad = torch.tensor([0.0, -4.0])
    regularize.make("clip-norm:norm=2.5").gradient(net, None)
    torch.testing.assert_close(net.weight.grad[0, 0], torch.tensor(1.5))
    torch.testing.assert_close(net.bias.grad[1], torch.tensor(-2.0))
    regularize.make("clip-value:value=1").gradient(net, None)
    assert (net.weight.grad[0, 0], net.bias.grad[1]) == (1.0, -1.0)


def test_clipping_comes_after_the_penalty_whatever_the_order_of_names():
    for names in ("clip-value:value=1, l2:strength=100", "l2:strength=100, clip-value:value=1"):
        net = nn.Linear(2, 2)
        net.weight.grad = torch.zeros(2, 2)
        regularize.make(names).gradient(net, torch.optim.SGD(net.parameters(), lr=1))
        assert net.weight.grad.abs().max() <= 1


def test_decay_is_that_of_adamw_and_apart_from_momentum():
    nets = [small(), small()]
    theirs = torch.optim.AdamW(optim.decay_groups(nets[0].parameters(), 0.5), lr=0.01)
    ours = torch.optim.Adam(nets[1].parameters(), lr=0.01)
    descend(nets[0], theirs, digits_loss(nets[0]), None, 10)
    descend(nets[1], ours, digits_loss(nets[1]), regularize.make("weight-decay:strength=0.5"), 10)
    for first, second in zip(*(net.parameters() for net in nets), strict=True):
        torch.testing.assert_close(first, second)


def test_dropout_of_inputs_and_hidden_units():
    net = nn.Sequential(nn.Linear(8, 8, bias=False), nn.Dropout(0.9), nn.Linear(8, 8, bias=False))
    for layer in (net[0], net[2]):
        nn.init.eye_(layer.weight)
    regularize.make("dropout:input=0.2,hidden=0.5").wrap(net)
    torch.manual_seed(0)
    made = net(torch.ones(5000, 8))
    assert sorted({round(value, 4) for value in made.flatten().tolist()}) == [0.0, 2.5]  # 1 / (0.8 · 0.5)
    assert abs((made == 0).float().mean().item() - 0.6) < 0.01  # its own 0.9 is off
    ones = torch.ones(3, 8)
    assert net.eval()(ones).equal(ones)


def test_dropout_leaves_convolutions_alone_and_reaches_recurrent_layers():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Flatten(), nn.Linear(32, 2))
    part = regularize.make("dropout").parts["dropout"]
    part.wrap(net)
    assert [len(layer._forward_pre_hooks) for layer in net] == [1, 0, 0, 1]
    part.release()
    assert [len(layer._forward_pre_hooks) for layer in net] == [0, 0, 0, 0]
    lstm = nn.LSTM(3, 4, num_layers=2, dropout=0.7, batch_first=True)
    regularize.make("dropout:input=0.9").wrap(lstm)
    packed = pack_padded_sequence(torch.ones(2, 5, 3), torch.tensor([5, 2]), batch_first=True)
    torch.manual_seed(0)
    first, second = lstm(packed)[0].data, lstm(packed)[0].data
    assert lstm.dropout == 0.0 and not first.equal(second)
    assert lstm.eval()(packed)[0].data.equal(lstm(packed)[0].data)


def test_noise_repeats_by_seed_and_leaves_evaluation_alone():
    for names in ("noise", "noise:where=weights,sigma=0.2", "noise:where=gradients"):
        ends = []
        for seed in (1, 1, 2):
            net, parts = small(), regularize.make(names)
            parts.wrap(net)
            torch.manual_seed(seed)
            descend(net, optim.make("sgd", net.parameters()), digits_loss(net), parts, 3)
            ends.append(net[0].weight.detach())
        assert ends[0].equal(ends[1]) and not ends[0].equal(ends[2])
        answers = [net.eval()(digits()[0][:5]) for _ in range(2)]
        assert answers[0].equal(answers[1])


def test_noise_on_weights_is_gone_before_the_step():
    net, parts = small(), regularize.make("noise:where=weights,sigma=0.5")
    before = {name: weight.detach().clone() for name, weight in net.named_parameters()}
    parts.before_forward(net)
    assert abs((net[0].weight - before["0.weight"]).std().item() - 0.5) < 0.05
    assert net[0].bias.equal(before["0.bias"])
    digits_loss(net)().backward()
    parts.gradient(net, torch.optim.SGD(net.parameters(), lr=0.1))
    assert all(weight.equal(before[name]) for name, weight in net.named_parameters())
    clean = small()
    digits_loss(clean)().backward()
    assert not clean[0].weight.grad.equal(net[0].weight.grad)


def test_noise_on_gradients_fades_as_published():
    net, parts = nn.Linear(200, 200), regularize.make("noise:where=gradients,sigma=0.3")
    sizes = []
    for _ in range(30):
        net.weight.grad = torch.zeros(200, 200)
        parts.gradient(net, None)
        sizes.append(net.weight.grad.std().item())
    assert sizes[0] == pytest.approx(0.3, rel=0.02)
    assert sizes[29] ** 2 == pytest.approx(0.09 / 30**0.55, rel=0.05)


def test_expected_l0_and_the_gates_by_the_papers_formulas():
    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    parts = regularize.make("l0:strength=0.1,temperature=0.5")
    parts.wrap(net)
    gates = [torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([-9.0, -3.0, 0.0, 3.0, 9.0])]
    for gate, value in zip(parts.parameters(), gates, strict=True):
        gate.data.copy_(value)
    offset = 0.5 * torch.tensor(0.1 / 1.1).log()
    wanted = 0.1 * (5 * (gates[0] - offset).sigmoid().sum() + 2 * (gates[1] - offset).sigmoid().sum())
    torch.testing.assert_close(parts.penalty(net), wanted)
    torch.manual_seed(0)
    gate = parts.parts["l0:strength=0.1,temperature=0.5"].gates["0"]
    torch.testing.assert_close(gate.settled(), (gates[0].sigmoid() * 1.2 - 0.1).clamp(0, 1))
    gate.logits.data = gates[0].repeat_interleave(100_000)
    drawn = gate.drawn().view(3, -1)
    torch.testing.assert_close((drawn > 0).float().mean(1), (gates[0] - offset).sigmoid(), atol=0.005, rtol=0)
    assert drawn.min() == 0 and drawn.max() == 1


def test_gates_stand_still_in_evaluation_and_fold_into_the_weights():
    pixels, _ = digits()
    net, parts = small(), regularize.make("l0")
    parts.wrap(net)
    with torch.no_grad():
        for gate in parts.parameters():
            gate.copy_(torch.linspace(-4, 4, len(gate)))
    net.train()
    assert not net(pixels).equal(net(pixels))
    answers = net.eval()(pixels)
    assert answers.equal(net(pixels))
    state = parts.folded(net.state_dict())
    plain = small().eval()
    plain.load_state_dict(state)
    torch.testing.assert_close(plain(pixels), answers)
    shut = int((state["0.weight"] == 0).all(0).sum()) + int((state["2.weight"] == 0).all(0).sum())
    assert shut > 10
    share = 100 * sum(int((state[name] == 0).sum()) for name in ("0.weight", "2.weight")) / (64 * 16 + 160)
    assert (
        parts.told(net, state)
        == f"l0: {shut} of 80 gates are shut, and {share:.3g} % of the weights with them"
    )
    parts.release()
    net.load_state_dict(state)
    torch.testing.assert_close(net(pixels), answers)
    assert parts.folded(net.state_dict())["0.weight"].equal(state["0.weight"])  # not twice


def test_gates_learn_to_shut_off_columns_of_noise():
    rows, target = cancer()
    torch.manual_seed(0)
    rows = torch.cat([rows, torch.randn(len(rows), 30).double()], 1).float()
    net = nn.Sequential(nn.Linear(60, 16), nn.ReLU(), nn.Linear(16, 1))
    parts = regularize.make("l0:strength=1e-3")
    parts.wrap(net)
    optimizer = optim.make("adam", [*net.parameters(), *parts.parameters()], rate=0.02)
    loss = functional.binary_cross_entropy_with_logits
    descend(net, optimizer, lambda: loss(net(rows), target.float()), parts, 300)
    shut = parts.parts["l0:strength=1e-3"].gates["0"].settled() == 0
    assert shut[30:].sum() >= 25 and shut[30:].sum() > shut[:30].sum()
    assert ((net.eval()(rows) > 0) == (target > 0.5)).float().mean() > 0.95


def test_l0_needs_a_layer_and_leaves_groups_and_attention_alone():
    with pytest.raises(UsageError, match="'l0' needs a dense or convolutional layer"):
        regularize.make("l0").wrap(nn.LSTM(2, 2))
    net = nn.Sequential(nn.Conv1d(4, 4, 1, groups=4), nn.MultiheadAttention(4, 2), nn.Linear(4, 1))
    parts = regularize.make("l0")
    parts.wrap(net)
    assert [len(gate) for gate in parts.parameters()] == [4]


def test_swa_is_the_mean_of_the_weights_and_its_norms_are_those_of_its_own():
    pixels, target = digits()
    net = small(norm=True)
    swa = regularize.make("swa:start=0.5,epochs=6").only(regularize.Swa)
    swa.wrap(net)
    optimizer = optim.make("momentum", net.parameters(), rate=0.05)
    kept = []
    for _ in range(6):
        take_step(net, optimizer, lambda: functional.cross_entropy(net(pixels), target))
        kept.append(net[0].weight.detach().clone())
        assert swa.after_epoch(net, loss=1.0) is False
    mean = swa.average.module
    torch.testing.assert_close(mean[0].weight.detach(), torch.stack(kept[3:]).mean(0))
    stale = mean[1].running_mean.clone()
    random = torch.get_rng_state()
    regularize.refresh_norms(mean, [(part,) for part in pixels[:1792].split(256)])
    assert torch.get_rng_state().equal(random)
    entering = mean[0](pixels[:1792])
    torch.testing.assert_close(mean[1].running_mean, entering.mean(0).detach(), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(stale, mean[1].running_mean, atol=1e-3)
    assert mean[1].momentum == 0.1 and net[1].training


def test_nets_without_norms_are_not_refreshed():
    regularize.refresh_norms(nn.Linear(2, 2), iter(lambda: pytest.fail("looked at"), None))


def test_an_average_is_zero_where_the_net_is():
    net = nn.Linear(2, 1)
    nn.init.ones_(net.weight)
    parts = regularize.make("l1:strength=1, ema:decay=0.5")
    parts.wrap(net)
    average = parts.only(regularize.Ema).average
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    for pull in (0.0, 0.0, 3.0):
        net.weight.grad = torch.tensor([[0.0, pull]])
        optimizer.step()
        parts.after_step(net, optimizer)
        parts.after_average(net, average.module)
    assert net.weight.tolist() == [[0.0, -2.0]]
    assert average.module.weight[0, 0] == 0 and average.module.weight[0, 1] != 0


def test_early_stopping_keeps_the_best_weights():
    net = nn.Linear(1, 1)
    part = regularize.make("early-stopping:patience=2").only(EarlyStopping)
    stops = []
    for loss in (3.0, 1.0, 2.0, float("nan")):
        nn.init.constant_(net.weight, loss)
        stops.append(part.after_epoch(net, loss))
    assert stops == [False, False, False, True]
    assert part.best["weight"].item() == 1.0


def test_the_mean_answer_of_several_nets():
    nets = [nn.Identity(), nn.Linear(2, 2)]
    nn.init.zeros_(nets[1].weight), nn.init.zeros_(nets[1].bias)
    raw = torch.tensor([[0.0, torch.tensor(9.0).log()]])
    torch.testing.assert_close(regularize.mean_answer(nets, "classes", raw), torch.tensor([[0.3, 0.7]]))
    torch.testing.assert_close(regularize.mean_answer(nets, "labels", raw), torch.tensor([[0.5, 0.7]]))
    torch.testing.assert_close(regularize.mean_answer(nets, "numbers", raw), raw / 2)
