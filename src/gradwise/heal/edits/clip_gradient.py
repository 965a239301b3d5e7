"""clip-gradient: one line before the optimizer's step."""

from __future__ import annotations

from gradwise.heal.edits.script.changes import Change, UncertainError
from gradwise.heal.edits.script.editor import Done, Order, lines
from gradwise.heal.edits.script.reading import Script
from gradwise.heal.edits.script.training import Made, Step, model_of, optimizers, steps
from gradwise.heal.edits.script.values import shown

NAME = "clip-gradient"


def edit(order: Order) -> Done:
    """Clip the gradients of every optimizer before each of its steps."""
    script = order.script
    clips = [call for call, name in script.calls if name.endswith((".clip_grad_norm_", ".clip_grad_value_"))]
    if clips:
        raise UncertainError(f"line {script.line(clips[0])} clips already; set its limit there")
    limit = order.dose("limit", 1.0)
    made = optimizers(script, order.facts)
    changes: list[Change] = []
    for step in steps(script):
        name, imports = script.spelled("torch.nn.utils.clip_grad_norm_")
        written = [f"{name}({_parameters(script, step, made)}, {shown(limit)})"]
        if step.scaler and not script.methods("unscale_"):
            written.insert(0, f"{step.scaler}.unscale_({step.optimizer})")
        changes += [*imports, script.before(script.statement(step.call), written)]
    return Done(changes, f"gradients longer than {limit:g} are shortened ({lines(script, changes)})")


def _parameters(script: Script, step: Step, made: list[Made]) -> str:
    """What the optimizer holds: the model's parameters, where the model is known at that place."""
    if len(made) == 1:
        model = model_of(script, made[0])
        if model and script.same_variable(model, made[0].call, step.call):
            return f"{model}.parameters()"
    return f'[p for group in {step.optimizer}.param_groups for p in group["params"]]'
