"""Edits of scripts that nobody wrote for this: they compile, touch few lines, and often are the fix."""

import difflib
import re
import tomllib
from pathlib import Path

import pytest

from gradwise.heal.edits.collection import editors
from gradwise.heal.edits.editing import edit
from gradwise.heal.edits.script.changes import UncertainError, changed
from gradwise.heal.edits.script.editor import Order
from gradwise.heal.edits.script.facts import Facts
from gradwise.heal.edits.script.reading import Script

CORPUS = Path(__file__).parents[3] / "benchmarks" / "detection"
SCRIPTS = sorted([*CORPUS.glob("sick/*.py"), *CORPUS.glob("healthy/*.py")])
COLUMN = Facts(prediction=(8, 1), target=(8,))
MANY = {"he-init": 10, "glorot-init": 10, "orthogonal-init": 10}  # a function is put in
NUMBER = re.compile(r"(?<![\w.])-?\d[\d_.]*(?:e-?\d+)?")

# Sick script, and the cure whose edit is its fixed twin's, but for numbers.
SAME = {
    "adam_cnn_rate": "lower-lr", "sgd_rate_three": "lower-lr", "diabetes_linear_momentum": "lower-lr",
    "two_waves_gru": "raise-lr", "digits_three_layers_sgd": "raise-lr", "tight_clip_digits": "raise-clip",
    "gru_clip_sensor": "move-clip", "meter_glitches": "clip-gradient", "digits_sgd_loop": "zero-grad",
    "digits_autoencoder_two_optims": "zero-grad", "digits_training_class": "call-step",
    "wine_loop_tidy": "call-step", "digits_resnet_validate": "set-train-mode",
    "dropout_noisy_genes": "set-train-mode", "sensor_gru_validation": "set-eval-mode",
    "image_folder_order": "shuffle", "iris_minibatch_order": "shuffle", "sorted_sensor_table": "shuffle",
    "diabetes_mse": "align-shapes", "gru_smooth_l1": "align-shapes", "polynomial_custom_mse": "align-shapes",
    "digits_cnn_head_only": "add-to-optimizer", "late_input_block": "add-to-optimizer",
    "digits_mlp_softmax_layer": "drop-activation", "digits_cnn_f_softmax": "drop-activation",
    "vehicle_tags_sigmoid": "drop-activation", "house_price_sigmoid": "linear-output",
    "tanh_rnn_amplitude": "linear-output", "moons_three_layers": "insert-activation",
    "stacked_sigmoid_layers": "relu", "lenet_sigmoid_deep": "relu", "wine_raw_sgd": "standardize-input",
    "batch_step_schedule": "move-scheduler", "one_cycle_per_epoch": "move-scheduler",
    "meter_by_meter": "larger-batch", "digits_lenet_sgd_epochs": "train-longer",
    "running_centre_layer": "detach-state", "friedman_momentum_l2": "lower-weight-decay",
    "scratch_backbone_head": "unfreeze",
}  # fmt: skip


def difference(before, after):
    """Lines out and in, as sets, with numbers made alike."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return sorted(line[0] + NUMBER.sub("#", line[1:].strip()) for line in list(lines)[2:] if line[0] in "+-")


@pytest.mark.parametrize("path", SCRIPTS[::12], ids=lambda path: path.stem)
def test_whatever_is_edited_compiles_and_touches_few_lines(path):
    source = path.read_text(encoding="utf-8")
    script = Script(source)
    for name, editor in editors().items():
        try:
            done = editor(Order(script, name, {}, COLUMN))
            text = changed(script.data, done.changes).decode()
        except UncertainError:
            continue
        compile(text, str(path), "exec")
        assert len(difference(source, text)) <= MANY.get(name, 12), name
        assert done.words and "\n" not in done.words


@pytest.mark.parametrize("name", SAME)
def test_the_edit_is_the_fix(name):
    sick, fixed = ((CORPUS / kind / f"{name}.py").read_text(encoding="utf-8") for kind in ("sick", "fixed"))
    found = edit(sick, [(SAME[name], {})], COLUMN)
    if name == "wine_raw_sgd":
        fixed = fixed.replace(".std(0)\n", ".std(0) + 1e-8\n")
    assert difference(sick, found.source) == difference(sick, fixed)


def test_the_corpus_holds_what_is_claimed():
    listed = tomllib.loads((CORPUS / "sick" / "manifest.toml").read_text(encoding="utf-8"))["script"]
    assert set(SAME) <= {each["script"] for each in listed}
