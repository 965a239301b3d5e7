"""All optimizers by one body: settings, convergence, state, formula, sparse gradients."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from gradwise import optim
from gradwise.errors import UsageError
from gradwise.train.packing import pack, unpack
from tests.optim import formulas
from tests.optim.optimizer_cases import CASES, carried_out, closed, optim_closure, point, rosenbrock

NAMES = list(optim.OPTIMIZERS)
every = pytest.mark.parametrize("name", NAMES)


def test_every_optimizer_has_a_record_and_they_are_those_of_the_handbook() -> None:
    assert sorted(NAMES) == sorted(CASES) and len(NAMES) == 17


@pytest.mark.parametrize(("name", "options"), [(name, o) for name, case in CASES.items() for o in case.valid])
def test_valid_settings_lower_a_quadratic(name: str, options: dict) -> None:
    w = point(3.0, -2.0)
    made = optim.make(name, [w], **{"rate": CASES[name].rates[0], **options})
    assert (
        carried_out(made, lambda: (w.square() * torch.tensor([0.5, 5.0])).sum(), 3 if closed(name) else 30)
        < 12
    )


@pytest.mark.parametrize(
    ("name", "options", "said"), [(n, o, s) for n, case in CASES.items() for o, s in case.invalid]
)
def test_invalid_settings_are_one_sentence(name: str, options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=f"^optimizer '{name}'.*{said}") as caught:
        optim.make(name, [point(1.0)], **options)
    assert "\n" not in str(caught.value)


@every
def test_a_quadratic_is_solved(name: str) -> None:
    w = point(3.0, -2.0)
    made = optim.make(name, [w], rate=CASES[name].rates[0])
    loss = carried_out(
        made, lambda: (w.square() * torch.tensor([0.5, 5.0])).sum(), 5 if closed(name) else 200
    )
    assert loss < (1e-8 if closed(name) else 1e-2)


@every
def test_rosenbrocks_valley_is_followed(name: str) -> None:
    w = point(-1.2, 1.0)
    made = optim.make(name, [w], rate=CASES[name].rates[1])
    loss = carried_out(made, lambda: rosenbrock(w), 8 if closed(name) else 400)
    assert loss < (1e-8 if closed(name) else 2.5)  # from 24.2; 4.1 at the valley's floor near the start


def cancer() -> tuple[torch.Tensor, torch.Tensor]:
    data = load_breast_cancer()
    numbers = (data.data - data.data.mean(0)) / data.data.std(0)
    return torch.tensor(numbers, dtype=torch.float32), torch.tensor(data.target, dtype=torch.float32)[:, None]


@every
def test_logistic_regression_on_real_rows(name: str) -> None:
    x, y = cancer()
    torch.manual_seed(0)
    model = nn.Linear(30, 1)
    made = optim.make(name, model.parameters(), rate=CASES[name].rates[2])
    loss = carried_out(made, lambda: binary_cross_entropy_with_logits(model(x), y), 2 if closed(name) else 80)
    assert loss < (0.05 if closed(name) else 0.12)
    assert ((model(x) > 0) == y.bool()).float().mean() > 0.97
    assert model.weight.dtype == torch.float32


@every
def test_a_state_that_was_saved_goes_on_to_the_same_bits(name: str) -> None:
    x, y = cancer()
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(30, 3), nn.Tanh(), nn.Linear(3, 1))

    def learn(net: nn.Module, made: torch.optim.Optimizer, steps: int) -> torch.Tensor:
        carried_out(made, lambda: binary_cross_entropy_with_logits(net(x), y), steps)
        return torch.cat([weight.detach().flatten() for weight in net.parameters()])

    options = {"iterations": 3} if issubclass_scipy(name) else {"max_iter": 3} if name == "l-bfgs" else {}
    options |= {"share": 0.6, "steps": 10} if name == "adam-to-sgd" else {}  # once before the switch is saved
    whole, first = copy.deepcopy(model), copy.deepcopy(model)
    wanted = learn(whole, optim.make(name, whole.parameters(), weight_decay=0.01, **options), 8)
    made = optim.make(name, first.parameters(), weight_decay=0.01, **options)
    learn(first, made, 4)
    tensors: dict[str, torch.Tensor] = {}
    stored = unpack(pack(made.state_dict(), tensors), tensors)  # as a checkpoint does
    again = optim.make(name, first.parameters(), weight_decay=0.01, **options)
    again.load_state_dict(stored)
    assert learn(first, again, 4).equal(wanted)
    assert copy.deepcopy(again.state_dict())["param_groups"] == again.state_dict()["param_groups"]


def issubclass_scipy(name: str) -> bool:
    return isinstance(optim.make(name, [point(1.0)]), optim.ScipyMinimizer)


A = np.array([[2.0, 0.3, 0.0], [0.3, 1.0, -0.2], [0.0, -0.2, 0.5]])
START = np.array([1.0, -2.0, 0.7])


def slope(w: np.ndarray) -> np.ndarray:
    return A @ w + np.cos(w)


def wavy(w: torch.Tensor) -> torch.Tensor:
    return 0.5 * w @ torch.from_numpy(A) @ w + w.sin().sum()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.formula is not None])
def test_steps_are_those_of_the_published_formula(name: str) -> None:
    case, w = CASES[name], point(*START)
    made = optim.make(name, [w], rate=0.05, **case.formula_options)
    carried_out(made, lambda: wavy(w), 25)
    np.testing.assert_allclose(
        w.detach().numpy(),
        case.formula(slope, START, 25, 0.05),
        rtol=1e-7 if name == "nadam" else 1e-10,  # torch keeps NAdam's product of momenta in float32
    )


def test_adamw_decays_apart_from_the_gradient_by_the_formula() -> None:
    w = nn.Parameter(torch.tensor(START)[None])  # a matrix: vectors do not decay
    carried_out(optim.make("adamw", [w], rate=0.05, weight_decay=0.4), lambda: wavy(w[0]), 25)
    wanted = formulas.adam(slope, START, 25, 0.05, decay=0.4)
    np.testing.assert_allclose(w.detach().numpy()[0], wanted, rtol=1e-10)


def test_l_bfgs_takes_the_steps_of_the_two_loops() -> None:
    w = point(*START)
    made = optim.make("l-bfgs", [w], rate=0.5, line_search_fn=None, max_iter=6, max_eval=100)
    carried_out(made, lambda: wavy(w), 1)
    np.testing.assert_allclose(w.detach().numpy(), formulas.lbfgs(slope, START, 6, 0.5), rtol=1e-9)


SPARSE = [name for name in NAMES if not closed(name)]


@pytest.mark.parametrize("name", SPARSE)
def test_sparse_gradients_do_what_dense_ones_do_or_are_refused(name: str) -> None:
    tables = []
    words = torch.tensor([[1, 4, 1], [0, 4, 2]])
    for sparse in (False, True):
        torch.manual_seed(0)
        table = nn.Embedding(6, 2, sparse=sparse, dtype=torch.float64)
        before = table.weight.detach().clone()
        made = optim.make(name, table.parameters(), rate=0.1)
        loss = lambda table=table: (table(words).sum(1) - 1).square().sum()  # noqa: E731
        if sparse and not optim.OPTIMIZERS[name].sparse:
            with pytest.raises((RuntimeError, ValueError), match="sparse"):
                carried_out(made, loss, 1)
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch: sparse invariants are not checked
            carried_out(made, loss, 4)
        assert table.weight[[3, 5]].equal(before[[3, 5]]), "rows that no word names stay"
        assert not table.weight[1].equal(before[1])
        tables.append(table.weight.detach())
    torch.testing.assert_close(tables[1], tables[0], rtol=1e-12, atol=1e-14)


@every
def test_parameters_of_several_shapes_and_one_without_gradient_are_served(name: str) -> None:
    torch.manual_seed(0)
    parts = [nn.Parameter(torch.randn(2, 3)), nn.Parameter(torch.randn(())), nn.Parameter(torch.ones(2))]
    still = parts[2].detach().clone()
    made = optim.make(name, parts, rate=CASES[name].rates[0])
    before = (parts[0].square().sum() + parts[1].square()).item()
    carried_out(made, lambda: parts[0].square().sum() + parts[1].square(), 5)
    assert (parts[0].square().sum() + parts[1].square()).item() < before
    assert parts[2].equal(still)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@every
def test_tensors_on_an_accelerator_take_the_same_course(name: str) -> None:
    ends = []
    for device in ("cpu", "cuda"):
        w = nn.Parameter(torch.tensor(START, device=device))
        form = torch.from_numpy(A).to(device)
        made = optim.make(name, [w], rate=CASES[name].rates[0])
        closure = optim_closure(made, lambda w=w, form=form: 0.5 * w @ form @ w + w.sin().sum())
        for _ in range(3):
            made.step(closure)
        assert w.device.type == device
        ends.append(w.detach().cpu())
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-6, atol=1e-8)
