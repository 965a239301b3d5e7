"""Whether the output for one sample depends on another sample of the batch, and where that begins.

What it is
    In eval mode a net's answer for one sample should not hang on its neighbours in the batch.  A wrong
    reshape, a forgotten ``batch_first`` or a ``view`` in place of a ``permute`` makes it so without any
    error.  The gradient of output i with respect to input j ≠ i is exactly zero unless samples mix.

Also called
    batch-leak

Formula
    For three samples i: ``g_j = ‖∂⟨r, f(x)_i⟩ / ∂x_j‖`` with a random r; share = ``Σ_{j≠i} g_j / Σ_j g_j``,
    the largest of the three.  The same of every module's output, in order, finds the first that mixes; ids
    enter at the first embedding's output.  *mixed* above 0.0001, else *apart*.

Defaults
    the last captured batch, eval mode, at most 64 samples

When
    - a net with recurrent layers, attention or reshapes learns badly and nothing else explains it

When not
    - which axis holds the samples cannot be told (as many steps as samples, time-major sequences with a
      target for each step): it abstains
    - graphs, sets and retrieval mix samples on purpose; the rule `samples-mixed` leaves them alone

Confused with
    - batch norm in training mode, which mixes statistics on purpose

Example
    A recurrent layer that takes samples for steps.

    >>> import torch
    >>> from gradwise.probes.sample_mixing import shares
    >>> net = torch.nn.GRU(2, 2)  # expects (steps, samples, features)
    >>> x = torch.randn(4, 3, 2, requires_grad=True)  # (samples, steps, features)
    >>> round(shares(net(x)[0], x, 0, [0, 3])[1] > 0.1)
    1

Claims
    - a missing ``batch_first`` is found in the recurrent layer; the same net with it is apart

References
    Karpathy, "A Recipe for Training Neural Networks", 2019 ("use backprop to chart dependencies").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gradwise.probes.bench import Bench
from gradwise.probes.probe import Abstain, Answer, Probe
from gradwise.probes.readout import tensors
from gradwise.probes.replica import Replica
from gradwise.probes.taped import TapedReplica
from gradwise.trace.captured import CapturedBatch

MIXED = 1e-4  # share of the gradient that reaches other samples; 0 where samples stay apart; ours
ROWS = 3  # samples whose outputs are followed

PROBE = Probe(
    name="sample-mixing",
    summary="whether one sample's output depends on another sample, and where that begins",
    needs=("batch",),
    since="0.1.0",
)


@dataclass(frozen=True, slots=True)
class _Seen:
    name: str
    module: nn.Module
    entering: Tensor | None
    leaving: Tensor


def run(bench: Bench) -> Answer:
    """Follow gradients from outputs to the inputs of other samples."""
    replica, batch = bench.replica, bench.batches[-1]
    if isinstance(replica, TapedReplica):
        raise Abstain(replica.refusal)
    replica.load("present")
    if not replica.finite:
        replica.load("captured")
    samples = _samples(batch)
    x, prediction, seen = _forward(replica, batch)
    axis = _axis(x, samples, batch, bench.captured.batch_size)
    rows = sorted({0, samples // 2, samples - 1})[:ROWS]
    found = shares(prediction, x, axis, rows)
    if not found:
        raise Abstain("no gradient reaches the input")
    share = max(found)
    data: dict[str, Any] = {
        "share": share,
        "samples": samples,
        "axis": axis,
        "known_by": "loader" if bench.captured.batch_size == samples else "target",
        "shuffled": bench.captured.shuffled,
        "repeated": _repeated(bench.captured.batches),
        "relations": _relations(batch, samples),
    }
    if share <= MIXED:
        return Answer(f"the outputs of {samples} samples do not depend on each other", "apart", data)
    place = _beginning(seen, x, axis, samples)
    data.update(place)
    where = place["module"] or "the model"
    begins = f"begins in {where}" if place["inside"] else f"begins before {where}"
    text = f"{share:.0%} of what an output depends on are other samples of the batch; it {begins}"
    return Answer(text, "mixed", data)


def shares(output: Tensor, x: Tensor, axis: int, rows: list[int]) -> list[float]:
    """Share of the gradient of each row that reaches other samples of ``x``; rows without gradient left out.

    Args:
        output: samples along its first axis.
        x: what it was computed from.
        axis: axis of ``x`` that holds the samples.
        rows: samples whose outputs are followed.
    """
    generator = torch.Generator().manual_seed(0)
    found = []
    for row in rows:
        one = output[row]
        weights = torch.randn(one.shape, generator=generator).to(one)
        reached = torch.autograd.grad((one * weights).sum(), x, retain_graph=True, allow_unused=True)
        slope: Tensor | None = reached[0]
        if slope is None:
            continue
        norms = slope.detach().double().movedim(axis, 0).reshape(slope.shape[axis], -1).norm(dim=1)
        total = float(norms.sum())
        if total > 0 and total < float("inf"):
            found.append(float((total - norms[row]) / total))
    return found


def _samples(batch: CapturedBatch) -> int:
    target = batch.loss_args[0] if batch.loss_args else batch.loss_kwargs.get("target")
    if not isinstance(target, Tensor) or not target.dim() or len(target) != len(batch.prediction):
        raise Abstain("targets and predictions do not go by samples")
    if len(target) < 2:
        raise Abstain("the batch holds one sample")
    return len(target)


def _forward(replica: Replica, batch: CapturedBatch) -> tuple[Tensor, Tensor, list[_Seen]]:
    """One pass in eval mode: the input that gradients are taken of, the prediction, what modules put out."""
    model = replica.model
    model.eval()
    seen: list[_Seen] = []
    entry: list[Tensor] = []
    args = [a.detach().clone() if isinstance(a, Tensor) else a for a in batch.args]
    position = next(
        (i for i, a in enumerate(args) if isinstance(a, Tensor) and a.is_floating_point() and a.dim()), -1
    )
    if position >= 0:
        args[position].requires_grad_()
        entry.append(args[position])

    def hook(name: str) -> Any:
        def look(module: nn.Module, given: tuple[Any, ...], output: Any) -> Any:
            if not entry and isinstance(module, nn.Embedding):
                entry.append(output.detach().requires_grad_())
                return entry[0]
            leaving = next(iter(tensors(output)), None)
            whole = isinstance(module, _WHOLE) or not any(True for _ in module.children())
            if leaving is not None and whole:
                entering = next(iter(tensors(given)), None)
                seen.append(_Seen(name, module, entering, leaving))
            return None

        return look

    handles = [part.register_forward_hook(hook(name)) for name, part in model.named_modules()]
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(value=False)
    try:
        output = replica.output(batch, args=tuple(args))
    finally:
        torch.backends.mha.set_fastpath_enabled(value=fast)
        for handle in handles:
            handle.remove()
    if not entry:
        raise Abstain("the model takes no floating-point input and has no embedding")
    if replica.readout is None:
        raise Abstain("what enters the loss was not found in the output")
    return entry[0], replica.readout(output, batch.prediction.shape), seen


_WHOLE = (nn.MultiheadAttention, nn.TransformerEncoderLayer)


def _axis(x: Tensor, samples: int, batch: CapturedBatch, loader: int) -> int:
    """Axis of the input that holds the samples."""
    shape = tuple(x.shape)
    if shape[0] != samples:
        if x.dim() >= 3 and shape[1] == samples:
            return 1
        raise Abstain("which axis of the input holds the samples cannot be told")
    if x.dim() >= 3 and shape[1] == samples:
        raise Abstain("samples and steps are equally many, so that their axes cannot be told apart")
    each_step = x.dim() == 3 and tuple(batch.prediction.shape[:2]) == shape[:2]
    if each_step and loader != samples:
        raise Abstain("every step has a target, so that steps and samples cannot be told apart")
    return 0


def _beginning(seen: list[_Seen], x: Tensor, axis: int, samples: int) -> dict[str, Any]:
    """The first module whose output mixes samples, and whether it did so itself."""
    row = [samples // 2]
    for one in seen:
        leaving = _sampled(one.leaving, axis, samples)
        if leaving is None or not max(shares(leaving, x, axis, row), default=0.0) > MIXED:
            continue
        entering = _sampled(one.entering, axis, samples) if one.entering is not None else None
        already = entering is not None and max(shares(entering, x, axis, row), default=0.0) > MIXED
        return {
            "module": one.name,
            "type": type(one.module).__name__,
            "inside": not already,
            "batch_first": _batch_first(one.module),
            "dims": one.entering.dim() if one.entering is not None else 0,
        }
    return {"module": "", "type": "", "inside": True, "batch_first": None, "dims": 0}


def _batch_first(module: nn.Module) -> bool | None:
    """What a recurrent or attention module takes its first axis for; None for all others."""
    holder = getattr(module, "self_attn", module)
    found = getattr(holder, "batch_first", None)
    return None if found is None else bool(found)


def _sampled(tensor: Tensor, axis: int, samples: int) -> Tensor | None:
    """The tensor with its samples along the first axis; None where it has no graph or another size."""
    if not tensor.requires_grad:
        return None
    for where in (axis, 0):
        if tensor.dim() > where and tensor.shape[where] == samples:
            return tensor.movedim(where, 0)
    return None


def _repeated(batches: tuple[CapturedBatch, ...]) -> bool:
    """Whether every captured batch is the same one: full-batch training, a single graph."""
    firsts = [next(iter(tensors([*b.args, *b.kwargs.values()])), None) for b in batches]
    known = [f for f in firsts if f is not None]
    return len(known) > 1 and all(f.shape == known[0].shape and torch.equal(f, known[0]) for f in known)


def _relations(batch: CapturedBatch, samples: int) -> bool:
    """Whether an argument says which samples belong together: edges, an adjacency matrix."""
    for value in [*batch.args, *batch.kwargs.values()]:
        if not isinstance(value, Tensor):
            continue
        square = value.dim() == 2 and value.shape == (samples, samples)
        edges = value.dim() == 2 and value.shape[0] == 2 and not value.is_floating_point()
        if square or edges or value.is_sparse or value.layout == torch.sparse_csr:
            return True
    return False
