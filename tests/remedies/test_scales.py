"""What cures of data stand on: columns, where batches come from, labels, outputs of several forms."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset

from gradwise.heal.treatment import Cure
from gradwise.remedies.patient.columns import Columns, axis_of, near_unit
from gradwise.remedies.patient.learning import followed, reduced
from gradwise.remedies.patient.sampling import labels_of
from tests.remedies.nets import could_not, did, same, treatment


@pytest.mark.parametrize(("shape", "axis"), [((9, 4), 1), ((9, 3, 5, 5), 1), ((9, 6, 4), -1), ((9,), None)])
def test_columns_of_batches_are_those_of_all_rows(shape, axis):
    torch.manual_seed(0)
    x = torch.randn(shape) * 7 + 1e4
    assert axis_of(x) == axis
    columns = Columns(axis)
    for part in x.split(4):
        columns.add(part)
    rows = x.reshape(-1, 1) if axis is None else x.movedim(axis, -1).flatten(0, -2)
    torch.testing.assert_close(columns.mean, rows.double().mean(0))
    torch.testing.assert_close(columns.deviation, rows.double().std(0, correction=0))


def test_sequences_that_a_convolution_reads_have_channels():
    x = torch.zeros(4, 3, 8)
    assert axis_of(x, nn.Sequential(nn.Conv1d(3, 2, 1))) == 1
    assert axis_of(x, nn.Sequential(nn.Linear(8, 2))) == -1


@pytest.mark.parametrize(
    ("mean", "deviation", "near"), [(0, 1, True), (0.4, 1.9, True), (0.6, 1, False), (0, 2.1, False)]
)
def test_unit_scale_has_limits(mean, deviation, near):
    columns = Columns(1)
    columns.add(torch.tensor([[-1.0], [1.0]]) * deviation + mean)
    assert near_unit(columns) == near


def test_a_batch_of_another_width_does_not_fit():
    columns = Columns(1)
    columns.add(torch.zeros(4, 3))
    assert columns.fits(torch.zeros(2, 3))
    assert not columns.fits(torch.zeros(2, 4))


class Labelled(Dataset):
    def __init__(self, targets):
        self.targets = targets

    def __len__(self):
        return 4

    def __getitem__(self, index):
        raise AssertionError("samples are not read")


@pytest.mark.parametrize(("dataset", "labels"), [
    (TensorDataset(torch.zeros(4, 2), torch.tensor([0, 1, 1, 2])), [0, 1, 1, 2]),
    (TensorDataset(torch.zeros(4, 2), torch.tensor([[0.0], [1], [1], [0]])), [0, 1, 1, 0]),
    (Subset(TensorDataset(torch.zeros(4, 2), torch.tensor([0, 1, 1, 2])), [3, 0]), [2, 0]),
    (Labelled([0, 1, 0, 1]), [0, 1, 0, 1]),
    (Subset(Labelled([0, 1, 0, 1]), [1, 2]), [1, 0]),
    (TensorDataset(torch.zeros(4, 2), torch.tensor([0.5, 1.0, 2.0, 3.0])), None),
    (Labelled([0.5, 1.5, 2.5, 3.5]), None),
    (Labelled([1, 2]), None),
])  # fmt: skip
def test_labels_are_read_without_samples(dataset, labels):
    found = labels_of(dataset)
    assert (None if found is None else found.tolist()) == labels


def test_what_is_shown_and_what_is_followed():
    weight = torch.tensor(3.0, requires_grad=True)
    loss = followed(weight**2, weight * 0 + 7)
    assert loss.item() == 7
    loss.backward()
    assert weight.grad == 6
    with pytest.raises(ValueError, match="cannot stand for"):
        followed(torch.zeros(2), torch.zeros(()))


def test_losses_of_samples_are_brought_together_as_asked():
    each = torch.tensor([1.0, 0.0, 3.0])
    kept = torch.tensor([True, False, True])
    assert reduced(each, "sum") == 4
    assert reduced(each, "none") is each
    assert reduced(each, "mean", kept) == 2


# ---- outputs of several forms -------------------------------------------------------


class Forms(nn.Module):
    """Puts its numbers out alone, among others, or as more than is looked at."""

    def __init__(self, form):
        super().__init__()
        self.form, self.net = form, nn.Linear(4, 4 if form == "part" else 2)

    def forward(self, x):
        out = self.net(x)
        return (x, out) if self.form == "tuple" else out


def of_interest(form, out):
    return out[1] if form == "tuple" else out[:, :2] if form == "part" else out


def regress(form, *, loader=False, factor=1.0, shift=0.0, judge=None):
    torch.manual_seed(1)
    net = Forms(form)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.manual_seed(2)
    x, y = torch.randn(32, 4), torch.randn(32, 2) * 30 + 400  # one scale: a part of the outputs has both
    for a, b in DataLoader(TensorDataset(x, y), batch_size=8) if loader else [(x, y)] * 4:
        optimizer.zero_grad()
        F.mse_loss(of_interest(form, net(a)), (b - shift) / factor).backward()
        optimizer.step()
    with torch.no_grad():
        net.judged = of_interest(form, net(x)) * factor + shift
    return net, y


@pytest.mark.parametrize("form", ["alone", "tuple"])
@pytest.mark.parametrize("loader", [True, False])
def test_targets_of_several_columns_are_scaled_column_by_column(form, loader):
    with treatment(Cure("standardize-target")):
        healed, y = regress(form, loader=loader)
    edited, _ = regress(form, loader=loader, factor=y.std(0, correction=0), shift=y.mean(0))
    torch.testing.assert_close(healed.net.weight, edited.net.weight)
    torch.testing.assert_close(healed.judged, edited.judged)


def test_a_part_of_what_a_model_puts_out_is_left_where_the_columns_differ():
    with treatment(Cure("standardize-target")) as run:
        healed, _ = regress("part")
    assert same(healed, regress("part")[0])
    assert run.charts[0].idle
    assert could_not(run) == ["the model puts out other columns than targets have, and is left"]


def test_a_loss_between_what_no_model_put_out_is_told():
    weight = torch.zeros(4, requires_grad=True)
    with treatment(Cure("standardize-target")) as run:
        F.mse_loss(weight * 2, torch.arange(4.0) * 100).backward()
    assert run.charts[0].idle
    assert could_not(run) == ["a loss is not taken of what a model puts out, and is left"]
    assert weight.grad.abs().max() > 100


def test_an_evaluation_sees_the_scripts_units():
    with treatment(Cure("standardize-target")) as run:
        healed, y = regress("alone")
        with torch.no_grad():
            value = F.mse_loss(healed(torch.zeros(32, 4)), y)
    assert value < 400**2 / 10
    assert did(run)["outputs of Forms were given on in the script's units"] == 5
