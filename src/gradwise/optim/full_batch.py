"""SciPy's minimisers as torch optimizers: all parameters as one float64 vector, the loss by a closure.

``step(closure)`` carries out a bounded number of iterations.  The closure is called in two ways:

- ``closure()`` clears the gradients, computes the loss, calls ``backward`` and returns the loss, as torch's
  L-BFGS wants it;
- ``closure(backward=False)`` returns the loss with its graph and leaves the gradients alone.  Products with
  the Hessian come from a second backward through that graph and are exact.  A closure that takes no
  ``backward``, or a net that has no second derivatives, gets differences of gradients instead, and
  ``notes`` says so.

Each call must be the same function of the parameters: all rows, and the same random numbers for dropout.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from gradwise.optim.flat_problem import EnoughError, FlatProblem

ITERATIONS = 20  # of a step; as torch.optim.LBFGS's max_iter
TOLERANCE = 1e-5  # largest component of the gradient at which it is done; SciPy's gtol of BFGS and CG
PASSES = 1000  # losses and Hessian products of a step at most: on saddles the inner loops are long


class ScipyMinimizer(Optimizer):
    """A method of `scipy.optimize.minimize`; the classes below it name one each.

    Parameters keep dtype and device.  Cost: a copy of all parameters to the host and back for every loss, in
    float64; SciPy's own vectors lie on the host.

    Args:
        params: parameters or groups of them; ``weight_decay`` of a group adds half of it times the squares.
        lr: 1, because the method finds the length of its steps itself.
        weight_decay: of groups that give none.
        iterations: of the method, in one ``step``.
        tolerance: largest component of the gradient at which nothing is left to do.
        passes: losses and Hessian products that a ``step`` may take.

    Raises:
        ValueError: a setting out of range, or more parameters than the method can serve.
    """

    method: ClassVar[str]
    curvature: ClassVar[bool] = False  # whether it asks for Hessian products
    largest: ClassVar[int | None] = None  # parameters, at most

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        weight_decay: float = 0.0,
        *,
        iterations: int = ITERATIONS,
        tolerance: float = TOLERANCE,
        passes: int = PASSES,
    ) -> None:
        if lr != 1.0:
            raise ValueError(f"it finds the length of its steps itself and takes no learning rate, got {lr}")
        for word, value, least in (
            ("weight_decay", weight_decay, 0),
            ("iterations", iterations, 1),
            ("tolerance", tolerance, 0),
            ("passes", passes, 2),
        ):
            if value < least:
                raise ValueError(f"{word} must be {least} at least, got {value}")
        settings = {"iterations": iterations, "tolerance": tolerance, "passes": passes}
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, **settings})
        self.notes: list[str] = []  # for the user; a training shows them
        weights = self._weights()
        if any(torch.is_complex(weight) for weight in weights):
            raise ValueError("it takes real parameters, got complex ones")
        count = sum(weight.numel() for weight in weights)
        if self.largest is not None and count > self.largest:
            raise ValueError(
                f"it keeps a matrix of all pairs of parameters and serves {self.largest:,} of them at most, "
                f"got {count:,}; take l-bfgs"
            )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.notes = []

    @property
    def memory(self) -> dict[str, Any]:
        """What it has come to.

        ``iterations``, ``evaluations`` and ``products`` in all; ``gradient_norm``, ``message`` and
        ``converged`` of the last step; and what the method goes on with.
        """
        kept: dict[str, Any] = self.state[self._weights()[0]]
        return kept

    def step(self, closure: Callable[..., Any] | None = None) -> Any:
        """Some iterations of the method.

        Args:
            closure: see above.

        Returns:
            () the loss before them, as the closure gave it.
        """
        if closure is None:
            raise TypeError(f"{type(self).__name__}.step needs a closure that returns the loss.")
        problem = FlatProblem(self.param_groups, closure, self.notes)
        memory = self.memory
        first = problem.at(problem.start)
        loss = problem.loss
        if not math.isfinite(first):
            memory |= {"message": "the loss is no finite number", "converged": False}
        elif problem.steepest() <= self.param_groups[0]["tolerance"]:
            memory |= {"message": "nothing left to do: the gradient is zero", "converged": True}
        else:
            memory |= self._minimize(problem, memory)
        for word in ("iterations", "evaluations", "products"):
            memory[word] = memory.get(word, 0) + getattr(problem, word)
        return loss

    def _minimize(self, problem: FlatProblem, memory: dict[str, Any]) -> dict[str, Any]:
        """Let SciPy work, put its result in place; what there is to remember."""
        from scipy.optimize import minimize  # takes a tenth of a second to load

        group = self.param_groups[0]
        problem.left = group["passes"] - 2  # without the first and the last
        tolerance = group["tolerance"]

        def after_iteration(intermediate_result: Any) -> None:
            problem.accept(intermediate_result.x)
            if problem.known(problem.best) and problem.steepest() <= tolerance:
                raise StopIteration

        result: Any = None
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore", RuntimeWarning)  # of line searches that end early
                result = minimize(
                    problem.at,
                    problem.start,
                    jac=problem.gradient_at,
                    hessp=problem.product_at if self.curvature else None,
                    method=self.method,
                    callback=after_iteration,
                    options={"maxiter": group["iterations"], **self._options(memory, tolerance)},
                )
        except EnoughError:
            message = f"stopped after {group['passes']} passes"
        else:
            message = str(result.message)
            problem.best = np.asarray(result.x, np.float64)
        problem.left = 1
        problem.put(problem.best)
        problem.at(problem.best)  # free where the last pass was there; gradients are left as they are here
        converged = problem.steepest() <= tolerance
        message = f"converged: no component of the gradient is above {tolerance:g}" if converged else message
        told = {"gradient_norm": problem.norm(), "message": message, "converged": converged}
        return told | self._kept(result, problem)

    def _options(self, memory: dict[str, Any], tolerance: float) -> dict[str, Any]:
        """SciPy's options of the method beside ``maxiter``."""
        del memory
        return {"gtol": tolerance}

    def _kept(self, result: Any, problem: FlatProblem) -> dict[str, Any]:
        """What the next step goes on with; ``result`` is None where the passes were used up."""
        del result, problem
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As torch does, with every bit of what is kept in float64."""
        super().load_state_dict(state_dict)
        weights = self._weights()
        for number, kept in state_dict["state"].items():
            self.state[weights[number]] = {
                word: value.detach().clone() if isinstance(value, Tensor) else value
                for word, value in kept.items()
            }

    def _weights(self) -> list[Tensor]:
        return [weight for group in self.param_groups for weight in group["params"]]
