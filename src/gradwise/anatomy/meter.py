"""Counting floating-point operations while a model works: two for every multiply-add of a matrix product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, sdpa_flop_count

GATES = {nn.LSTM: 4, nn.GRU: 3, nn.RNN: 1, nn.LSTMCell: 4, nn.GRUCell: 3, nn.RNNCell: 1}


def _attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> int:
    return int(sdpa_flop_count(query.shape, key.shape, value.shape))


# Fused kernels that torch's own registry lacks.
MORE: dict[Any, Callable[..., int]] = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _attention,  # noqa: SLF001  a kernel's name
    torch.ops.aten._scaled_dot_product_fused_attention_overrideable: _attention,  # noqa: SLF001
}

# On the meta device torch works these out from a dozen smaller operations, 4 ms each.
BATCH_NORMS = (torch.ops.aten.native_batch_norm, torch.ops.aten._native_batch_norm_legit_no_training)  # noqa: SLF001


class Meter(TorchDispatchMode):
    """Adds up the operations of convolutions, linear layers, matrix products and attention.

    Each is counted by the formula that torch.utils.flop_counter has for it; biases, norms, activations and
    poolings count nothing. ``total`` is the sum so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Carry out one operation, and count it."""
        del types
        kwargs = kwargs or {}
        packet = func.overloadpacket
        count = flop_registry.get(packet) or MORE.get(packet)
        if packet in BATCH_NORMS and args[0].is_meta:
            return _normalised(args[0])
        if count is None and torch.is_inference_mode_enabled():  # there operations made of others come whole
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        result = func(*args, **kwargs)
        if count is not None:
            self.total += int(count(*args, **kwargs, out_val=result))
        return result


def _normalised(inputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shapes of what a batch norm gives: (N, C, ...) and, for the backward pass, (C,) twice."""
    each = inputs.new_empty(inputs.shape[1])
    return torch.empty_like(inputs), each, each.clone()


def recurrent_flops(module: nn.Module, inputs: Any) -> int | None:
    """FLOPs of torch's recurrent layers and cells; None for other modules.

    Per step, layer and direction 2 · gates · H · (I + R), R being H or, with a projection of P, P numbers,
    whose product adds 2 · H · P. Fused kernels hide these products, and not on every device.

    Args:
        module: that ran.
        inputs: its first argument, (T, N, I), (N, T, I), (T, I), packed; of a cell (N, I) or (I,).

    >>> recurrent_flops(nn.LSTM(10, 20), torch.zeros(5, 1, 10))  # 5 steps of 2 * 4 * 20 * (10 + 20)
    24000
    """
    gates = next((count for kind, count in GATES.items() if isinstance(module, kind)), None)
    if gates is None:
        return None
    data = inputs.data if isinstance(inputs, PackedSequence) else inputs
    if not isinstance(data, Tensor) or not isinstance(module, nn.RNNBase | nn.RNNCellBase):
        return None
    steps = data.numel() // max(data.shape[-1], 1)
    hidden = module.hidden_size
    if isinstance(module, nn.RNNCellBase):
        return 2 * gates * hidden * (module.input_size + hidden) * steps
    ways = 2 if module.bidirectional else 1
    back = module.proj_size or hidden
    total = 0
    for layer in range(module.num_layers):
        width = module.input_size if layer == 0 else ways * back
        total += ways * steps * (2 * gates * hidden * (width + back) + 2 * hidden * module.proj_size)
    return total
