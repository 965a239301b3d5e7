"""Which planted fault each alarm may stand for, with the reason: one line per kind of alarm.

The rule is generous: an alarm counts for a fault when a reader of its text, not knowing what was planted,
would look in the right place or try the right cure.  A kind that is not listed counts for nothing and is
named in the results.  gradwise's rules count for their own name alone.
"""

from __future__ import annotations

from collections.abc import Mapping

RUNAWAY = "lr-too-high loss-diverges exploding-gradient loss-nan"
STUCK = "lr-too-low lr-decays-too-early optimizer-never-steps accidentally-frozen params-not-in-optimizer stale-optimizer always-clipped"
FADING = "vanishing-gradient fades-through-time saturated-activation init-too-small"
FLAT = "loss-not-decreasing underfitting lr-too-low lr-decays-too-early vanishing-gradient"
UNUSED = "detached-graph params-not-in-optimizer accidentally-frozen stale-optimizer"

# kind | faults | reason
_TORCHMORTEM = f"""
Vanishing gradients detected | {FADING} | its cures are other activations, other initial weights, gates
Exploding gradients detected | exploding-gradient init-too-large lr-too-high loss-diverges loss-nan unnormalized-input unnormalized-target | names the symptom; clip, lower the rate, look at the data
Gradient stalling | {FADING} detached-graph dead-relu accidentally-frozen symmetric-init | a layer whose gradient is zero: cut off, dead, or frozen
Dead units | dead-relu symmetric-init | units that never fire
Activation saturation | saturated-activation init-too-large vanishing-gradient unnormalized-input bounded-output | flat region of the activation, by scale of input or weights
Update ratio too low | {STUCK} vanishing-gradient weight-decay-too-strong | weights hardly move
Update ratio too high | {RUNAWAY} init-too-small | steps too large for the weights
High gradient noise (low SNR) | noisy-gradient tiny-batches tiny-batch-norm noisy-labels same-batch-repeated | says the batch is too small or the data noisy
Training divergence detected | {RUNAWAY} nan-gradient loss-spike | the loss runs away
Loss plateau detected | {FLAT} majority-collapse constant-output dead-relu optimizer-never-steps loses-to-baseline | training stands still
Catapult phase detected | loss-spike lr-too-high | a spike from a large rate
Edge of stability regime detected | lr-too-high loss-oscillates loss-diverges | rate at the edge of what is stable
Rank collapse | symmetric-init constant-output majority-collapse dead-relu missing-nonlinearity | units that all say the same
Weight norm explosion | {RUNAWAY} weights-grow init-too-large | weights run away
Stagnant weight norms | {STUCK} | weights do not move
Inter-layer weight norm imbalance | init-too-large init-too-small | a layer's weights are far from the others' in scale
insight: gradient_starvation | {FADING} dead-relu | little gradient and dead units
insight: instability_feedback_loop | {RUNAWAY} init-too-large weights-grow | gradients and weights grow together
insight: representation_bottleneck | symmetric-init constant-output majority-collapse underfitting | rank falls and the loss stands still
insight: curvature_traps | lr-too-high loss-oscillates loss-not-decreasing | plateau at the edge of stability
"""

_TORCH_AUDIT = """
TA100 | loss-nan nan-gradient nan-input loss-diverges | NaN or Inf in parameters or gradients
TA102 | exploding-gradient lr-too-high init-too-large loss-diverges unnormalized-input unnormalized-target | gradient norm beyond its bound
TA103 | dead-relu vanishing-gradient symmetric-init detached-graph init-too-small | gradients that are exactly zero
TA104 | detached-graph optimizer-never-steps accidentally-frozen params-not-in-optimizer stale-optimizer | parameters without a gradient
TA105 | dead-relu vanishing-gradient symmetric-init | outputs that are nearly all zero
TA200 | | sizes for tensor cores: speed
TA201 | layout-slow | memory layout
TA202 | | device of the model
TA203 | precision-unused | mixed precision could be used
TA300 | | device of the input
TA301 | unnormalized-input bounded-output | raw or oddly scaled input
TA302 | constant-features same-batch-repeated nan-input | input without variance
TA303 | samples-mixed unnormalized-input | axes of the input in the wrong order
TA304 | tiny-batch-norm tiny-batches | batch norm on a tiny batch
TA305 | label-out-of-range | integers that cannot be indices
TA400 | bias-before-norm | the bias that a norm cancels
TA401 | weight-decay-too-strong | weight decay in Adam
TA402 | weight-decay-too-strong | weight decay on biases and norms
TA403 | weight-decay-too-strong | weight decay on embeddings
TA404 | | even kernel
TA405 | init-too-small symmetric-init dead-relu | filters that are zero
TA500 | params-not-in-optimizer detached-graph missing-nonlinearity stale-optimizer | a layer that is never used
TA501 | samples-mixed hidden-state-leak | a layer with a state that is used twice
"""

_TORCHTEST2 = f"""
forward | wrong-loss-for-task | the model does not run on its own batch
output_shape | target-broadcast | shape of the output
output_finite | loss-nan nan-input nan-gradient init-too-large | NaN or Inf in the outputs
output_range | bounded-output | range of the output
output_varies | constant-output symmetric-init dead-relu majority-collapse samples-mixed saturated-activation init-too-small | one answer for all samples
eval_determinism | excessive-dropout train-mode-while-evaluating | random in evaluation
loss | loss-nan target-broadcast label-out-of-range wrong-loss-for-task detached-graph nan-input | the loss is no finite scalar of the graph
initial_loss | initial-loss-off init-too-large unnormalized-input softmax-twice probabilities-missing sigmoid-twice wrong-loss-for-task train-val-leak label-out-of-range | the first loss is not that of a fresh net
optimizer_coverage | params-not-in-optimizer stale-optimizer accidentally-frozen | the optimizer does not hold the parameters
gradient_flow | {UNUSED} vanishing-gradient dead-relu symmetric-init saturated-activation | parameters without gradient
gradient_magnitude | exploding-gradient nan-gradient loss-nan init-too-large unnormalized-input unnormalized-target | gradients not finite or huge
params_change | {UNUSED} {STUCK} dead-relu vanishing-gradient symmetric-init | parameters that a step does not move
frozen_params | accidentally-frozen | frozen parameters that move
input_dependency | constant-features detached-graph dead-relu saturated-activation symmetric-init vanishing-gradient | an input without influence
batch_independence | samples-mixed | samples that influence each other
overfit_batch | {FLAT} {STUCK} {RUNAWAY} softmax-twice sigmoid-twice bounded-output missing-nonlinearity dead-relu symmetric-init target-broadcast wrong-loss-for-task label-out-of-range unnormalized-input unnormalized-target weight-decay-too-strong excessive-dropout initial-loss-off nan-input nan-gradient saturated-activation | the model cannot learn one batch, "rate, loss or capacity": right for any fault of these, though it names none
"""

_NEURALDBG = f"""
gradient_health_transition: vanishing | {FADING} dead-relu symmetric-init detached-graph | gradient norm near zero
gradient_health_transition: saturated | {FADING} dead-relu symmetric-init | small gradient norm
gradient_health_transition: exploding | exploding-gradient lr-too-high init-too-large loss-diverges unnormalized-input unnormalized-target | gradient norm beyond its bound
activation_regime_shift: dead | dead-relu symmetric-init | a layer's outputs are nearly all zero
activation_regime_shift: saturated | saturated-activation init-too-large unnormalized-input vanishing-gradient | a layer's outputs are large
activation_regime_shift: anomalous | loss-nan nan-input nan-gradient loss-diverges | NaN or Inf in outputs
optimizer_instability: diverging | {RUNAWAY} nan-gradient nan-input | the loss is not finite
optimizer_instability: loss_spike | loss-spike lr-too-high loss-diverges exploding-gradient | loss far above those before
optimizer_instability: loss_plateau | {FLAT} optimizer-never-steps dead-relu | the loss stands still
data_anomaly: nan_detected | nan-input loss-nan nan-gradient | NaN in what a layer is given
data_anomaly: inf_detected | nan-input loss-nan loss-diverges exploding-gradient | Inf in what a layer is given
data_anomaly: distribution_shift | unnormalized-input not-shuffled train-val-shift constant-features | a layer's input changes its scale
"""

_OBSERVATORY = f"""
activation_statistics: High sparsity | dead-relu symmetric-init | most activations are zero
activation_statistics: High saturation | saturated-activation init-too-large vanishing-gradient unnormalized-input | many activations near their bound
anomaly_detection: NaN detected in activations at steps | loss-nan nan-input nan-gradient loss-diverges | NaN
anomaly_detection: Inf detected in activations at steps | loss-nan loss-diverges exploding-gradient | Inf
anomaly_detection: activation norm spike | loss-spike lr-too-high nan-input | outputs jump
anomaly_detection: NaN detected in gradients at steps | loss-nan nan-gradient loss-diverges nan-input | NaN in gradients
anomaly_detection: Inf detected in gradients at steps | exploding-gradient nan-gradient loss-diverges loss-nan | Inf in gradients
anomaly_detection: gradient norm spike | loss-spike exploding-gradient lr-too-high | gradients jump
attention_health: Low attention entropy | saturated-activation init-too-large | attention on one token
attention_health: High attention entropy | init-too-small underfitting | attention that attends to nothing
dead_neurons: of neurons are dead | dead-relu symmetric-init | dead units
dead_neurons: of neurons appear dead | dead-relu symmetric-init | dead units
embedding_drift: Severe embedding drift | lr-too-high | embeddings run away
embedding_drift: Moderate embedding drift | lr-too-high | embeddings move a lot
gradient_health: NaN detected in gradients | nan-gradient loss-nan loss-diverges nan-input | NaN in gradients
gradient_health: Inf detected in gradients | nan-gradient exploding-gradient loss-diverges loss-nan | Inf in gradients
gradient_health: Vanishing gradients | {FADING} dead-relu symmetric-init detached-graph | a layer gets little gradient
gradient_health: Exploding gradients | exploding-gradient init-too-large lr-too-high loss-diverges unnormalized-input unnormalized-target | a layer gets far more gradient than others
gradient_health: Gradient norm collapsed recently | vanishing-gradient dead-relu lr-decays-too-early optimizer-never-steps | gradients went away
parameter_health: NaN in parameter | loss-nan nan-gradient loss-diverges nan-input | NaN in weights
parameter_health: Inf in parameter | loss-nan exploding-gradient loss-diverges | Inf in weights
parameter_health: High parameter drift | {RUNAWAY} weights-grow | "verify learning rate is not too large"
parameter_health: Large step-to-step parameter change | {RUNAWAY} init-too-small | steps too large for the weights
parameter_health: Parameter norm near zero | weight-decay-too-strong init-too-small symmetric-init | weights vanish
"""

_TRAINING_DOCTOR = f"""
Learning rate likely too high | {RUNAWAY} loss-spike loss-oscillates nan-gradient unnormalized-input | spikes, NaN, explosion
Learning rate may be too low | {STUCK} {FLAT} | the loss hardly moves
Training plateau detected | {FLAT} {STUCK} loses-to-baseline noisy-gradient | stagnation
Early training plateau | {FLAT} {STUCK} symmetric-init dead-relu loses-to-baseline | stagnation from the start
Gradient instability detected | exploding-gradient nan-gradient vanishing-gradient lr-too-high loss-diverges loss-nan missing-zero-grad init-too-large unnormalized-target | NaN, explosions, vanishing, high variance
Possible mixed precision instability | loss-nan nan-gradient | NaN under mixed precision
Overfitting detected | overfitting train-val-leak train-val-shift noisy-labels trained-too-long | validation loss rises
Unusual train/eval pattern | excessive-dropout train-mode-while-evaluating eval-mode-while-training train-val-leak train-val-shift | validation loss below training loss
"""

_TRAINPULSE = f"""
loss spike | loss-spike lr-too-high loss-diverges exploding-gradient not-shuffled | loss far above its mean
gradient explosion | exploding-gradient lr-too-high init-too-large loss-diverges missing-zero-grad unnormalized-input unnormalized-target | gradient norm over 100
vanishing gradient | {FADING} dead-relu symmetric-init | gradient norm under 1e-7
learning rate jumped | scheduler-misplaced lr-decays-too-early lr-too-high | the rate changed tenfold in a step
loss plateau | {FLAT} {STUCK} loses-to-baseline symmetric-init dead-relu | no better loss for 100 steps
loss not finite | loss-nan loss-diverges nan-input nan-gradient lr-too-high exploding-gradient | NaN or Inf
gradient not finite | nan-gradient loss-nan nan-input exploding-gradient loss-diverges | NaN or Inf
learning rate not finite | scheduler-misplaced | NaN or Inf
"""

_MLDOCT = """
missing_zero_grad | missing-zero-grad | backward without zero_grad in the file
double_softmax | softmax-twice | Softmax beside CrossEntropyLoss in the file
missing_eval | train-mode-while-evaluating | no_grad without eval
oom_leak | hidden-state-leak | a loss with its graph is summed up
cpu_bottleneck | dataloader-bound | a loader without workers
missing_clip | exploding-gradient | no clipping in the file
syntax_error | | no training fault
"""

_TABLES = {
    "torchmortem": _TORCHMORTEM,
    "torch-audit": _TORCH_AUDIT,
    "torchtest2": _TORCHTEST2,
    "neuraldbg": _NEURALDBG,
    "neural-observatory": _OBSERVATORY,
    "training-doctor": _TRAINING_DOCTOR,
    "trainpulse": _TRAINPULSE,
    "mldoct": _MLDOCT,
}


def _read(table: str) -> dict[str, tuple[frozenset[str], str]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return {kind: (frozenset(faults.split()), reason) for kind, faults, reason in rows}


MEANS: Mapping[str, Mapping[str, tuple[frozenset[str], str]]] = {
    peer: _read(table) for peer, table in _TABLES.items()
}


def stands_for(peer: str, kind: str) -> frozenset[str]:
    """The planted faults that an alarm of this kind may stand for.

    >>> sorted(stands_for("torchmortem", "Dead units"))
    ['dead-relu', 'symmetric-init']
    """
    if peer not in MEANS:
        return frozenset((kind,))
    return MEANS[peer].get(kind, (frozenset(), ""))[0]


def listed(peer: str, kind: str) -> bool:
    """This kind of alarm is in the table."""
    return peer not in MEANS or kind in MEANS[peer]


# Alarms about speed and hardware: on a healthy run they are no false alarm, as gradwise's own are none.
SPEED: Mapping[str, frozenset[str]] = {
    "torch-audit": frozenset(("TA200", "TA201", "TA202", "TA203")),
    "mldoct": frozenset(("cpu_bottleneck",)),
}
