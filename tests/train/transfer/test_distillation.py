"""The loss of a student, and a teacher within the loop."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from gradwise.errors import UsageError
from gradwise.train.loop import fit
from gradwise.train.transfer import Distillation, Teacher
from tests.train.small import net, train_batches, training, valid_batches

torch.manual_seed(0)
STUDENT, TEACHER = torch.randn(6, 4), 2 * torch.randn(6, 4)


@pytest.mark.parametrize("heat", [1.0, 4.0])
def test_classes_against_torchs_own_divergence(heat):
    found = Distillation("classes", heat, 0.7)(torch.tensor(2.0), STUDENT, TEACHER)
    logs = [(scores / heat).log_softmax(1) for scores in (STUDENT, TEACHER)]
    wanted = functional.kl_div(*logs, log_target=True, reduction="batchmean")
    assert found.item() == pytest.approx(0.7 * heat**2 * wanted.item() + 0.3 * 2.0, rel=1e-5)


def test_labels_against_two_probabilities_each():
    found = Distillation("labels", 3.0, 1.0)(torch.tensor(9.0), STUDENT, TEACHER)
    p, q = torch.sigmoid(TEACHER / 3).double(), torch.sigmoid(STUDENT / 3).double()
    apart = p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()
    assert found.item() == pytest.approx(float(9 * apart.mean()), rel=1e-5)


def test_numbers_and_gradients():
    student = STUDENT.clone().requires_grad_()
    found = Distillation("numbers", weight=0.5)(torch.tensor(1.0), student, TEACHER)
    assert found.item() == pytest.approx(0.5 * functional.mse_loss(STUDENT, TEACHER).item() + 0.5)
    found.backward()
    assert torch.allclose(student.grad, 0.5 * 2 * (STUDENT - TEACHER) / 24)


def test_extreme_scores_stay_finite():
    far = torch.tensor([[1e4, -1e4]], requires_grad=True)
    for kind in ("classes", "labels"):
        loss = Distillation(kind, 1.0, 1.0)(torch.tensor(0.0), far, -far.detach())
        loss.backward()
        assert loss.isfinite() and far.grad.isfinite().all()


def test_the_loss_falls_to_nothing_where_the_student_says_the_same():
    for kind in ("classes", "labels", "numbers"):
        assert Distillation(kind, weight=1.0)(torch.tensor(5.0), TEACHER, TEACHER).item() == pytest.approx(
            0, abs=1e-6
        )


WRONG = {
    "heat=3": r"^--distill has no option 'heat'.*; it takes temperature and weight\.$",
    "temperature=0": r"^--distill: temperature takes a number above 0 up to 1000, not 0\.$",
    "weight=2": r"^--distill: weight takes a number above 0 up to 1, not 2\.$",
    "weight=x": r"weight takes a number above 0 up to 1, not 'x'\.$",
    "4": r"^--distill takes temperature=4,weight=0\.9 or one of the two, not '4'\.$",
}


@pytest.mark.parametrize("word", WRONG)
def test_wrong_options(word):
    with pytest.raises(UsageError, match=WRONG[word]):
        Distillation.of(word, "classes")


def test_numbers_have_no_temperature():
    with pytest.raises(UsageError, match="temperature is for classes and labels, not for numbers"):
        Distillation.of("temperature=2", "numbers")


def test_a_student_comes_to_agree_with_a_teacher_that_stays_as_it_is():
    torch.manual_seed(5)
    wise = net()
    before = {name: value.clone() for name, value in wise.state_dict().items()}
    inputs = next(iter(valid_batches().iterate(0)))[0]
    agreement = []
    for epochs in (0, 8):
        state = training(teacher=Teacher(wise, Distillation("classes", 2.0, 1.0)))
        fit(state, train_batches(), valid_batches(), epochs=epochs)
        with torch.no_grad():
            mine, its = state.model.eval()(*inputs), wise(*inputs)
        agreement.append((mine.argmax(1) == its.argmax(1)).float().mean().item())
    assert agreement[1] > agreement[0] + 0.3
    assert not wise.training and all(value.equal(before[name]) for name, value in wise.state_dict().items())


def test_validation_is_by_the_plain_loss():
    wise = Teacher(net(), Distillation("classes", weight=0.5))
    state = training(teacher=wise)
    fit(state, train_batches(), valid_batches(), epochs=1)
    model = state.model.eval()
    inputs, target = zip(*valid_batches().iterate(0), strict=True)
    with torch.no_grad():
        losses = [
            functional.cross_entropy(model(*x), y, reduction="sum")
            for x, y in zip(inputs, target, strict=True)
        ]
    assert state.progress.history[-1].valid_loss == pytest.approx(float(sum(losses)) / 200, rel=1e-5)
