"""Detach what is carried from one step to the next.

What it does
    Cuts the graph at a recurrent state, a running average or a summed loss before
    it is used in the next step, so that a backward reaches back one step and no
    further.

When
    backward() fails because an earlier graph is gone, or, with `retain_graph=True`,
    every step takes longer than the one before.

When not
    Where the gradient is meant to flow over several steps: then sum the losses of a
    window, call backward once, and detach at its end.

Grade
    changes-training: the gradient no longer reaches into earlier steps (truncated
    backpropagation).

The edit
    Detach the state where it is stored; take `retain_graph=True` out.

References
    PyTorch documentation, `torch.Tensor.detach`; Williams and Peng, Neural
    Computation 2 (1990).
"""

from __future__ import annotations

from gradwise.remedies.remedy import Edit, Remedy

REMEDY = Remedy(
    name="detach-state",
    grade="changes-training",
    summary="detach the state that is carried to the next step",
    edit=Edit(
        before="""\
out, hidden = rnn(x, hidden)
loss.backward(retain_graph=True)
""",
        after="""\
out, hidden = rnn(x, hidden.detach())
loss.backward()
""",
    ),
    unable="where a kept state begins anew stands in the script's own loop",
)
