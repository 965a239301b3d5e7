"""SciPy's minimisers on modules: exact products, equality with SciPy itself, bounds, notes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gradwise import optim
from gradwise.errors import UsageError
from gradwise.optim.flat_problem import FlatProblem
from tests.optim.optimizer_cases import carried_out, optim_closure, point, rosenbrock

SCIPY = {"bfgs": "BFGS", "nonlinear-cg": "CG", "newton-cg": "Newton-CG", "trust-ncg": "trust-ncg"}
CLOSED = [*SCIPY, "l-bfgs"]
every = pytest.mark.parametrize("name", CLOSED)


def small_net(dtype=torch.float64):
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)).to(dtype)


def rows(dtype=torch.float64):
    torch.manual_seed(2)
    return torch.randn(20, 4, dtype=dtype), torch.randint(2, (20,))


def net_loss(net, x, y):
    return lambda: nn.functional.cross_entropy(net(x), y)


@pytest.mark.parametrize("name", SCIPY)
def test_a_step_does_what_scipy_does_alone(name: str) -> None:
    w = point(-1.2, 1.0)
    made = optim.make(name, [w], iterations=7)
    loss = optim_closure(made, lambda: rosenbrock(w))(backward=False).item()
    assert made.step(optim_closure(made, lambda: rosenbrock(w))).item() == loss, "the loss before the step"
    curved = {"hess": scipy.optimize.rosen_hess} if name in ("newton-cg", "trust-ncg") else {}
    tolerance = {"xtol": 1e-9} if name == "newton-cg" else {"gtol": 1e-5}
    with np.errstate(all="ignore"):
        alone = scipy.optimize.minimize(
            scipy.optimize.rosen, [-1.2, 1.0], jac=scipy.optimize.rosen_der, method=SCIPY[name],
            options={"maxiter": 7, **tolerance}, **curved,
        )  # fmt: skip
    np.testing.assert_allclose(w.detach().numpy(), alone.x, rtol=1e-6)
    memory = made.memory
    assert (memory["iterations"], memory["converged"]) == (7, False)
    assert memory["gradient_norm"] == pytest.approx(
        np.linalg.norm(scipy.optimize.rosen_der(alone.x)), rel=1e-4
    )


def test_hessian_products_are_exact_for_a_net() -> None:
    net, (x, y) = small_net(), rows()
    weights = list(net.parameters())
    closure = optim_closure(torch.optim.SGD(weights, 0.1), net_loss(net, x, y))
    problem = FlatProblem([{"params": weights, "weight_decay": 0.3}], closure, [])

    def loss_of(flat: torch.Tensor) -> torch.Tensor:
        sizes = [weight.numel() for weight in weights]
        parts = [part.view(w.shape) for part, w in zip(flat.split(sizes), weights, strict=True)]
        named = dict(zip((name for name, _ in net.named_parameters()), parts, strict=True))
        out = torch.func.functional_call(net, named, (x,))
        return nn.functional.cross_entropy(out, y) + 0.15 * flat.square().sum()

    start = torch.from_numpy(problem.start)
    hessian = torch.autograd.functional.hessian(loss_of, start).numpy()
    gradient = torch.autograd.functional.jacobian(loss_of, start).numpy()
    np.testing.assert_allclose(problem.gradient_at(problem.start), gradient, rtol=1e-10, atol=1e-14)
    directions = np.random.default_rng(0).normal(size=(3, len(start)))
    for direction in directions:
        np.testing.assert_allclose(
            problem.product_at(problem.start, direction), hessian @ direction, rtol=1e-9, atol=1e-12
        )
    assert problem.notes == []
    problem.gradient_at(problem.start + 0.1)  # parameters move; the graph of before is of no more use
    np.testing.assert_allclose(
        problem.product_at(problem.start, directions[0]), hessian @ directions[0], rtol=1e-9, atol=1e-12
    )
    assert problem.notes == []


def test_a_closure_that_gives_no_graph_gets_differences_and_a_note() -> None:
    ends = []
    for graph in (True, False):
        net, (x, y) = small_net(), rows()
        made = optim.make("newton-cg", net.parameters(), iterations=4)
        whole = optim_closure(made, net_loss(net, x, y))
        for _ in range(2):
            made.step(whole if graph else lambda whole=whole: whole())
        ends.append(torch.cat([weight.detach().flatten() for weight in net.parameters()]))
        assert len(made.notes) == (not graph)
    assert "the closure takes no backward=False" in made.notes[0]
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-3, atol=1e-4)


class Once(torch.autograd.Function):
    """A square whose backward has no backward."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x * x

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return 2 * x * gradient


def test_a_net_without_second_derivatives_gets_differences_and_a_note() -> None:
    w = point(1.0, -2.0)
    made = optim.make("trust-ncg", [w])
    carried_out(made, lambda: Once.apply(w).square().sum(), 1)
    assert w.detach().abs().max() < 0.05
    assert len(made.notes) == 1 and "no second derivatives" in made.notes[0]


@every
def test_logistic_regression_ends_where_scikit_learns_does(name: str) -> None:
    data = load_breast_cancer()
    numbers = (data.data - data.data.mean(0)) / data.data.std(0)
    x, y = torch.from_numpy(numbers), torch.from_numpy(data.target).double()[:, None]
    decay = 0.01
    torch.manual_seed(0)
    model = nn.Linear(30, 1).double()
    made = optim.make(name, model.parameters(), weight_decay=decay)
    carried_out(made, lambda: binary_cross_entropy_with_logits(model(x), y), 6)
    wanted = LogisticRegression(C=1 / (decay * len(x)), tol=1e-10, max_iter=10_000).fit(numbers, data.target)
    np.testing.assert_allclose(model.weight.detach().numpy(), wanted.coef_, atol=2e-3)
    assert model.bias.item() == pytest.approx(wanted.intercept_[0], abs=2e-3), "a bias does not decay"


@pytest.mark.parametrize("name", SCIPY)
def test_a_step_at_the_bottom_changes_nothing_and_says_so(name: str) -> None:
    w = point(1.0, 1.0)
    made = optim.make(name, [w])
    carried_out(made, lambda: rosenbrock(w), 1)
    assert w.tolist() == [1.0, 1.0]
    assert made.memory["converged"] and made.memory["iterations"] == 0 and made.memory["evaluations"] == 1


@pytest.mark.parametrize("name", SCIPY)
def test_passes_of_a_step_are_bounded_and_its_best_point_is_kept(name: str) -> None:
    net, (x, y) = small_net(), rows()
    loss, calls = net_loss(net, x, y), []
    made = optim.make(name, net.parameters(), passes=9)
    counted = optim_closure(made, lambda: calls.append(0) or loss())
    before = made.step(counted).item()
    assert len(calls) <= 9
    assert "9 passes" in made.memory["message"]
    assert loss().item() <= before


@pytest.mark.parametrize("name", SCIPY)
def test_a_loss_that_is_no_number_moves_nothing(name: str) -> None:
    w = point(1.0, 2.0)
    made = optim.make(name, [w])
    carried_out(made, lambda: w.sum() * float("nan"), 1)
    assert w.tolist() == [1.0, 2.0]
    assert made.memory["message"] == "the loss is no finite number"


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_parameters_keep_their_dtype(name: str, dtype: torch.dtype) -> None:
    w = point(3.0, -2.0, dtype=dtype)
    made = optim.make(name, [w])
    loss = carried_out(made, lambda: (w.float() - 0.5).square().sum(), 2)
    assert w.dtype == dtype
    assert loss < 1e-4


def test_bfgs_goes_on_with_its_matrix_and_refuses_too_many_weights() -> None:
    curvature, ends = torch.logspace(0, 3, 12, dtype=torch.float64), []
    for keeps in (True, False):
        w = nn.Parameter(torch.ones(12, dtype=torch.float64))
        made = optim.make("bfgs", [w], iterations=8)
        for _ in range(2):
            made.step(optim_closure(made, lambda w=w: (curvature * w.square()).sum()))
            made.memory["inverse"] = made.memory["inverse"] if keeps else None
        ends.append((curvature * w.square()).sum().item())
    assert ends[0] < 0.1 * ends[1], "what was learnt of the curvature helps"
    with pytest.raises(UsageError, match="serves 2,000 of them at most, got 2,001; take l-bfgs"):
        optim.make("bfgs", [nn.Parameter(torch.zeros(2001))])


def test_what_a_step_needs() -> None:
    with pytest.raises(TypeError, match="needs a closure"):
        optim.make("bfgs", [point(1.0)]).step()
    with pytest.raises(UsageError, match="real parameters"):
        optim.make("bfgs", [nn.Parameter(torch.zeros(2, dtype=torch.complex64))])
