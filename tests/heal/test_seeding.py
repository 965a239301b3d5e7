"""Shifted seeds: 0 is the script as it is, another number is another run, and the same one the same."""

import copy
import pickle
import random

import numpy as np
import pytest
import torch

from gradwise.heal.seeding import shifted_seeds
from tests.cli.conftest import server

__all__ = ["server"]

SEEDERS = {
    "torch": lambda: (torch.manual_seed(0), torch.rand(3).tolist())[1],
    "random": lambda: (random.seed(0), random.random())[1],
    "random by name": lambda: (random.seed(a=0), random.random())[1],
    "numpy": lambda: (np.random.seed(0), np.random.rand())[1],
    "default_rng": lambda: np.random.default_rng(0).random(),
    "default_rng of several": lambda: np.random.default_rng([1, 2]).random(),
    "bit generator": lambda: np.random.Generator(np.random.PCG64(0)).random(),
    "torch generator": lambda: torch.rand(3, generator=torch.Generator().manual_seed(3)).tolist(),
    "unseeded torch generator": lambda: torch.rand(3, generator=torch.Generator()).tolist(),
}
CHANCE = {
    "torch": lambda: torch.rand(3).tolist(),
    "random": random.random,
    "numpy": np.random.rand,
    "default_rng": lambda: np.random.default_rng().random(),
}
SCRIPT = """
import numpy as np, torch
{seed}
x = torch.randn(64, 3)
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
for step in range(12):
    loss = torch.nn.functional.mse_loss(model(x), x[:, :1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(loss.item().hex(), [p.tolist() for p in model.parameters()])
"""


@pytest.fixture(autouse=True)
def own_numbers():
    """Whatever is seeded here, other tests draw what they would have drawn."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    yield
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])


def under(shift, draw):
    with shifted_seeds(shift):
        return draw()


@pytest.mark.parametrize("draw", SEEDERS.values(), ids=SEEDERS)
def test_shift_0_is_the_script_as_it_is_and_1_another_run(draw):
    plain = draw()
    assert under(0, draw) == plain
    assert under(None, draw) == plain
    assert under(1, draw) != plain
    assert under(1, draw) == under(1, draw)
    assert under(2, draw) not in (plain, under(1, draw))
    assert draw() == plain  # and nothing is left behind


@pytest.mark.parametrize("draw", CHANCE.values(), ids=CHANCE)
def test_what_a_script_never_seeds_is_seeded_before_its_first_line(draw):
    assert under(0, draw) == under(0, draw)
    assert under(1, draw) == under(1, draw)
    assert under(0, draw) != under(1, draw)


def test_two_generators_without_a_seed_are_two():
    with shifted_seeds(0):
        assert np.random.default_rng().random() != np.random.default_rng().random()


def test_the_seeds_of_several_folds_do_not_meet():
    def fold(seed):
        torch.manual_seed(seed)
        return torch.rand(3).tolist()

    drawn = [under(shift, lambda seed=seed: fold(seed)) for shift in range(3) for seed in range(5)]
    assert len({tuple(one) for one in drawn}) == 15


def test_random_states_that_make_data_are_left_alone():
    from sklearn.model_selection import train_test_split

    def split():
        return train_test_split(range(20), random_state=0), np.random.RandomState(0).rand()

    assert under(1, split) == split()


def test_generators_are_still_generators():
    with shifted_seeds(1):
        made = torch.Generator().manual_seed(5)
        assert isinstance(made, torch.Generator)
        assert isinstance(torch.default_generator, torch.Generator)
        torch.utils.data.random_split(range(10), [5, 5], generator=made)
        assert len(list(torch.utils.data.DataLoader(range(4), shuffle=True, generator=made))) == 4
        rng = np.random.Generator(np.random.PCG64(1))
        assert pickle.loads(pickle.dumps(rng)).random() == copy.deepcopy(rng).random()


def test_wrong_seeds_are_wrong_as_ever():
    with shifted_seeds(1), pytest.raises(TypeError):
        torch.manual_seed()


@pytest.mark.parametrize(
    "seed", ["torch.manual_seed(0)", "", "torch.manual_seed(np.random.default_rng(3).integers(99))"]
)
def test_check_shifts_the_seeds_of_a_script(server, tmp_path, seed):
    (tmp_path / "train.py").write_text(SCRIPT.format(seed=seed))

    def printed(*options):
        done = server.check("--quiet", "--probe", "none", *options, "train.py", cwd=tmp_path)
        assert done.code in (0, 1), done.err
        return done.out

    own, first, again, other = (printed("--seed-shift", n) for n in (0, 1, 1, 2))
    assert first == again
    assert len({own, first, other}) == 3
    if seed:
        assert own == printed()
