"""Lay images and convolution weights out with the channels side by side.

What it does
    Changes the order in memory from channel by channel to pixel by pixel. Shapes and
    results stay; convolution kernels read what they need in one piece.

When
    Nets of 2-d convolutions with more than a few channels; the probe `layout` has
    measured the gain.

When not
    Convolutions over one or two channels, 1-d and 3-d ones, nets that reshape between
    convolutions, which copies everything back.

Grade
    safe: the same numbers up to the order of summation.

The edit
    One call for the model, one for each batch of images.

    At run time the weights of models with 2-d convolutions are laid out anew before
    they first run, in place, and every batch of images that the script gives to such a
    model is laid out as it enters. `view` on what then lies otherwise in memory becomes
    `reshape`, where it would have failed. Undone, the weights lie as before, with the
    same values. Compiled models stay as they are.

References
    PyTorch tutorial "Channels Last Memory Format".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from gradwise.remedies.remedy import Edit, Remedy

if TYPE_CHECKING:
    from gradwise.remedies.patient import Patient

REMEDY = Remedy(
    name="channels-last",
    grade="safe",
    summary="lay images and weights out with channels side by side",
    edit=Edit(
        before="""\
for x, y in loader:
    loss = F.cross_entropy(model(x), y)
""",
        after="""\
model = model.to(memory_format=torch.channels_last)
for x, y in loader:
    x = x.to(memory_format=torch.channels_last)
    loss = F.cross_entropy(model(x), y)
""",
    ),
    undo="onward",
)


def treat(patient: Patient, dose: Mapping[str, float]) -> None:
    """Lay convolution weights and images out with the channels side by side."""
    del dose
    import torch
    from torch import nn

    laid: set[int] = set()  # ids of models that were laid out
    held: list[Any] = []  # those models, so that no id is used again

    def at_root(root: Any) -> None:
        convolutions = [m for m in root.modules() if isinstance(m, nn.Conv2d)]
        if not convolutions:
            return
        if patient.is_compiled(root):
            patient.could_not(f"{type(root).__name__} is compiled, and what it views may lie otherwise")
            return
        for module in convolutions:
            weight = module.weight
            patient.later(partial(_lay, weight, torch.contiguous_format))
            _lay(weight, torch.channels_last)
        held.append(root)
        laid.add(id(root))
        patient.did(f"{type(root).__name__} lies with the channels side by side")

    def enter(call: Any, model: Any) -> Any:
        if id(model) not in laid:
            return None
        args, kwargs = call
        return tuple(map(_image, args)), {key: _image(each) for key, each in kwargs.items()}

    def _image(value: Any) -> Any:
        fits = isinstance(value, torch.Tensor) and value.dim() == 4 and value.is_floating_point()
        return value.contiguous(memory_format=torch.channels_last) if fits else value

    def led(original: Callable[..., Any]) -> Callable[..., Any]:
        def view(self: Any, *shape: Any, **kwargs: Any) -> Any:
            sizes = not kwargs and all(isinstance(each, int | tuple | list) for each in shape)
            try:
                return original(self, *shape, **kwargs)
            except RuntimeError:
                if not sizes:
                    raise
                return self.reshape(*shape)

        return view

    patient.at("root", at_root)
    patient.at("enter", enter)
    patient.around(torch.Tensor, "view", led)


def _lay(weight: Any, layout: Any) -> None:
    """Lay a weight out, and its gradient with it; whoever holds the parameter goes on holding it."""
    weight.data = weight.data.contiguous(memory_format=layout)
    if weight.grad is not None:
        weight.grad.data = weight.grad.data.contiguous(memory_format=layout)
