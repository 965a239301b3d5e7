"""What is known of every optimizer: settings it takes and refuses, how far it gets, its formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from gradwise import optim
from tests.optim import formulas


@dataclass(frozen=True)
class Case:
    """Of one optimizer.

    Args:
        valid: options that it takes.
        invalid: options that it refuses, and part of the sentence.
        rates: for the quadratic, Rosenbrock's valley and the logistic regression; None: its own.
        formula: the published one, called with gradient, weights, steps and the rate.
    """

    valid: tuple[dict[str, Any], ...]
    invalid: tuple[tuple[dict[str, Any], str], ...]
    rates: tuple[float | None, float | None, float | None] = (None, None, None)
    formula: Callable[..., Any] | None = None
    formula_options: dict[str, Any] = field(default_factory=dict)


RATE = ({"rate": -1.0}, "rate")
WORD = ({"rate": float("nan")}, "rate takes a finite number, not nan")
SCIPY = {
    "valid": ({}, {"iterations": 3}, {"tolerance": 1e-8}, {"passes": 30}, {"weight_decay": 0.01}),
    "invalid": (
        ({"rate": 0.1}, "takes no learning rate, got 0.1"),
        ({"iterations": 0}, "iterations must be 1 at least, got 0"),
        ({"iterations": 2.5}, "iterations takes a whole number, not 2.5"),
        ({"tolerance": -1.0}, "tolerance must be 0 at least"),
        ({"method": "BFGS"}, "no option method; it takes iterations"),
    ),
}

CASES = {
    "bgd": Case(({}, {"weight_decay": 0.1}), (RATE, WORD), (0.1, 2e-3, 1.0), formulas.sgd),
    "sgd": Case(
        ({}, {"momentum": 0.5}, {"momentum": 0.5, "dampening": 0.1}),
        (RATE, WORD, ({"betas": (0.9, 0.99)}, "no option betas; it takes momentum"),
         ({"momentum": "much"}, "momentum takes a finite number, not 'much'")),
        (0.1, 2e-3, 1.0), formulas.sgd,
    ),
    "momentum": Case(
        ({}, {"momentum": 0.5}), (RATE, ({"momentum": -0.1}, "Invalid momentum")),
        (0.03, 3e-4, 0.3), partial(formulas.sgd, momentum=0.9),
    ),
    "nesterov": Case(
        ({}, {"momentum": 0.5}), (RATE, ({"momentum": 0.0}, "Nesterov momentum requires a momentum")),
        (0.03, 3e-4, 0.3), partial(formulas.sgd, momentum=0.9, nesterov=True),
    ),
    "adagrad": Case(
        ({}, {"eps": 1e-8}, {"initial_accumulator_value": 0.1}),
        (RATE, ({"lr_decay": -1.0}, "Invalid lr_decay"), ({"eps": True}, "eps takes a finite number, not True")),
        (1.0, 0.5, 0.3), formulas.adagrad,
    ),
    "adadelta": Case(
        ({}, {"rho": 0.9}), (RATE, ({"rho": 1.5}, "Invalid rho")), (10.0, 10.0, 10.0), formulas.adadelta,
    ),
    "rmsprop": Case(
        ({}, {"alpha": 0.99}, {"centered": True}),
        (RATE, ({"alpha": -1.0}, "Invalid alpha"), ({"centered": 1}, "centered takes true or false, not 1")),
        (0.03, 0.01, 0.01), formulas.rmsprop,
    ),
    "adam": Case(
        ({}, {"betas": (0.8, 0.99)}, {"amsgrad": True}),
        (RATE, ({"betas": (0.9, 1.5)}, "Invalid beta"), ({"betas": 0.9}, "betas takes 2 numbers in parentheses")),
        (0.1, 0.05, 0.1), formulas.adam,
    ),
    "adamw": Case(
        ({}, {"betas": (0.8, 0.99)}, {"weight_decay": 0.1}),
        (RATE, ({"eps": -1.0}, "Invalid epsilon"), ({"lr": 0.1}, "no option lr; it takes betas")),
        (0.1, 0.05, 0.1), formulas.adam,
    ),
    "nadam": Case(
        ({}, {"momentum_decay": 0.01}), (RATE, ({"momentum_decay": -1.0}, "Invalid momentum_decay")),
        (0.1, 0.05, 0.1), formulas.nadam,
    ),
    "ftrl": Case(
        ({}, {"beta": 0.5}, {"l1": 0.1, "l2": 0.1}, {"weight_decay": 0.1}),
        (({"rate": -1.0}, "learning rate must be 0 at least"), ({"beta": 0.0}, "beta must be above 0, got 0"),
         ({"l1": -1.0}, "l1 must be 0 at least"), ({"l2": -1.0}, "l2 must be 0 at least")),
        (1.0, 0.5, 1.0), partial(formulas.ftrl, l1=0.3, l2=0.2), {"l1": 0.3, "l2": 0.2},
    ),
    "adam-to-sgd": Case(
        ({}, {"betas": (0.8, 0.99)}, {"share": 0.5, "steps": 40}, {"tolerance": 0.1}),
        (({"rate": -1.0}, "learning rate must be 0 at least"), ({"betas": (0.9, 1.0)}, "betas must be from 0"),
         ({"tolerance": 0.0}, "tolerance must be above 0"), ({"share": 1.0}, "share must be from 0 to below 1"),
         ({"share": 0.5}, "share needs the number of steps"), ({"eps": -1.0}, "eps must be 0 at least")),
        (0.1, 0.05, 0.1),
    ),
    "l-bfgs": Case(
        ({}, {"history_size": 3}, {"max_iter": 4}, {"line_search_fn": None}, {"weight_decay": 0.01}),
        (RATE, ({"line_search_fn": "armijo"}, "line_search_fn must be strong_wolfe or none, got 'armijo'"),
         ({"max_iter": 0}, "max_iter must be 1 at least"), ({"history_size": 0}, "history_size must be 1"),
         ({"max_eval": 0}, "max_eval must be 1"), ({"weight_decay": -1.0}, "weight_decay must be 0 at least")),
        (1.0, 1.0, 1.0), None,
    ),
    "bfgs": Case(**SCIPY),
    "nonlinear-cg": Case(**SCIPY),
    "newton-cg": Case(**SCIPY),
    "trust-ncg": Case(**SCIPY),
}  # fmt: skip


def carried_out(optimizer: torch.optim.Optimizer, loss: Callable[[], Tensor], steps: int) -> float:
    """So many steps; the loss afterwards."""
    whole = optim_closure(optimizer, loss)
    for _ in range(steps):
        optimizer.step(whole)
    return loss().item()


def optim_closure(optimizer: torch.optim.Optimizer, loss: Callable[[], Tensor]) -> Callable[..., Tensor]:
    def closure(backward: bool = True) -> Tensor:
        value = loss()
        if backward:
            optimizer.zero_grad()
            value.backward()
        return value

    return closure


def closed(name: str) -> bool:
    return optim.OPTIMIZERS[name].closure


def point(*values: float, dtype: torch.dtype = torch.float64) -> nn.Parameter:
    return nn.Parameter(torch.tensor(values, dtype=dtype))


def rosenbrock(w: Tensor) -> Tensor:
    return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
