"""What a run leaves behind: digests of everything that watching must not change."""

import hashlib
import json
import random

import numpy as np
import torch


def seed(number):
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def digest(value):
    if isinstance(value, torch.Tensor):
        value = value.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
    elif not isinstance(value, bytes):
        value = repr(value).encode()
    return hashlib.sha256(value).hexdigest()[:16]


def flat(prefix, thing):
    if isinstance(thing, dict):
        for key, value in thing.items():
            yield from flat(f"{prefix}.{key}", value)
    elif isinstance(thing, list | tuple):
        for key, value in enumerate(thing):
            yield from flat(f"{prefix}.{key}", value)
    else:
        yield prefix, thing


def leave(path, models, optimizers=(), **more):
    marks = {}
    for number, model in enumerate(models):
        for name, value in model.state_dict().items():
            marks[f"model {number} {name}"] = digest(value)
        for name, parameter in model.named_parameters():
            marks[f"gradient {number} {name}"] = "none" if parameter.grad is None else digest(parameter.grad)
        for name, module in model.named_modules():
            marks[f"module {number} {name}"] = digest(
                (module.training, len(module._forward_hooks), len(module._forward_pre_hooks),
                 len(module._backward_hooks), sorted(module.__dict__))
            )
    for number, optimizer in enumerate(optimizers):
        for name, value in flat(f"optimizer {number}", optimizer.state_dict()):
            marks[name] = digest(value)
    for name, value in flat("more", more):
        marks[name] = digest(value)
    marks["torch random"] = digest(torch.get_rng_state())
    marks["numpy random"] = digest(np.random.get_state()[1].tobytes()) + str(np.random.get_state()[2])
    marks["python random"] = digest(random.getstate())
    marks["grad mode"] = torch.is_grad_enabled()
    with open(path, "w") as file:
        json.dump(marks, file, indent=1)
