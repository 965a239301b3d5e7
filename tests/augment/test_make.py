"""Names, options, and what is said where they are wrong; what holds for every augmentation."""

from __future__ import annotations

import pytest
import torch

from gradwise import augment
from gradwise.errors import UnknownNameError, UsageError
from tests.augment.batches import digits, irises, seeded, series

BATCHES = {
    "images": lambda: ((digits()[0],), digits()[1]),
    "series": lambda: (series(), digits(40)[1]),
    "table": lambda: (irises()[:2], irises()[2]),
}
each = pytest.mark.parametrize(
    ("name", "kind"),
    [(name, kind) for name in augment.AUGMENTATIONS for kind in augment.AUGMENTATIONS[name].kinds],
)


def test_all_of_the_handbook_are_there():
    assert {
        *("flip", "rotate", "scale", "crop", "translate", "shear", "noise", "colour", "cutout", "mixup"),
        *("cutmix", "resolution", "jitter", "scaling", "window-slice", "window-warp", "swap-noise"),
    } == set(augment.AUGMENTATIONS)


@each
def test_every_one_keeps_form_and_dtype_changes_something_and_leaves_the_given_batch_alone(name, kind):
    inputs, target = BATCHES[kind]()
    before = [tensor.clone() for tensor in inputs]
    changed, _ = augment.make(name, classes=10)(inputs, target, seeded(1))
    assert [(t.shape, t.dtype) for t in changed] == [(t.shape, t.dtype) for t in inputs]
    assert all(tensor.equal(kept) for tensor, kept in zip(inputs, before, strict=True))
    assert not changed[0].equal(inputs[0])
    assert changed[0].float().isfinite().all()


@each
def test_every_one_hangs_on_its_generator_and_nothing_else(name, kind):
    inputs, target = BATCHES[kind]()
    pipeline = augment.make(name, classes=10)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = pipeline(inputs, target, augment.generator_for(3, 1, 4))
    assert torch.get_rng_state().equal(state)
    torch.manual_seed(2)
    again = pipeline(inputs, target, augment.generator_for(3, 1, 4))
    other = pipeline(inputs, target, augment.generator_for(3, 1, 5))
    assert all(a.equal(b) for a, b in zip(first[0], again[0], strict=True)) and first[1].equal(again[1])
    assert not first[0][0].equal(other[0][0])


@each
def test_in_evaluation_nothing_changes(name, kind):
    inputs, target = BATCHES[kind]()
    assert augment.make(name).eval()(inputs, target) == (inputs, target)


def test_seed_epoch_and_batch_each_matter():
    triples = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)]
    drawn = {torch.rand(1, generator=augment.generator_for(*triple)).item() for triple in triples}
    assert len(drawn) == len(triples)


def test_names_options_and_order():
    pipeline = augment.make("Mirror, rotation:degrees=(0, 5),fill=border, mix_up, color:contrast=0.1")
    assert [part.info.name for part in pipeline.parts] == ["flip", "rotate", "mixup", "colour"]
    assert pipeline.parts[1].step.degrees == (0, 5) and pipeline.fill == "border"
    assert augment.make(["flip:p=1,axis=both", "cutout"]).parts[0].step.axis == "both"
    assert augment.proper("zoom, hflip:p=0.1") == "scale, flip:p=0.1"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("flip:q=1", "augmentation 'flip' has no option q; it takes fill, p, axis"),
        ("flip:p=2", "flip: p takes a number from 0 to 1, not 2"),
        ("flip:axis=up", "flip: axis takes one of horizontal, vertical, both, not 'up'"),
        ("rotate:degrees=x", "rotate: degrees takes a number from 0 to 360, not 'x'"),
        ("rotate:degrees=(5,1)", r"rotate: degrees takes a number or a pair \(low, high\), not \(5, 1\)"),
        ("rotate:fill=white", "fill takes one of zeros, border, reflection, not 'white'"),
        ("rotate:fill=border, scale:fill=zeros", "one fill, not border and zeros"),
        ("scale:factor=(0,1)", "scale: factor takes a number from 0.01 to 100, not 0"),
        ("scale:factor=2", "scale: factor takes a number from 0 to 0.99, not 2"),
        ("crop:padding=0.5", "crop: padding takes a whole number from 0 on, not 0.5"),
        ("crop:size=(1,2,3)", r"crop: size takes a side or \(height, width\)"),
        ("translate:pixels=-1", "translate: pixels takes a whole number from 0 on, not -1"),
        ("shear:axis=x", "shear: axis takes one of horizontal, vertical"),
        ("noise:sigma=-1", "noise: sigma takes a number from 0 to 10"),
        ("cutout:share=true", "cutout: share takes a number from 0 to 1, not True"),
        ("mixup:alpha=0", "mixup: alpha takes a number from 0.001"),
        ("window-warp:factors=2", "window-warp: factors takes numbers in parentheses, not 2"),
        ("resolution:least=0", "resolution: least takes a number from 0.01 to 1"),
        ("", "no augmentation is named"),
        ("flip:p", "options are written name:option=value"),
    ],
)
def test_what_is_refused(names, said):
    with pytest.raises(UsageError, match=said):
        augment.make(names)


def test_unknown_name():
    with pytest.raises(UnknownNameError, match=r"no augmentation 'rotat.*' \(did you mean 'rotate'"):
        augment.make("rotat:degrees=3")


def test_data_of_another_kind_or_size():
    inputs, target = BATCHES["table"]()
    with pytest.raises(UsageError, match="'flip' is for images, not for table; leave it out"):
        augment.make("flip")(inputs, target)
    with pytest.raises(UsageError, match="'mixup' is for images and series and table, not for text"):
        augment.make("mixup")((torch.zeros(3, 4, dtype=torch.int64),), target[:3])
    with pytest.raises(UsageError, match="8 x 8 pixels 6 x 6"):
        augment.make("crop:size=6").check("images", {"channels": 1, "height": 8, "width": 8})
    with pytest.raises(UsageError, match="window of 9 pixels does not fit into 8"):
        augment.make("crop:size=9")(digits()[0], digits()[1])
    with pytest.raises(UsageError, match="say how many, e.g. classes=10"):
        augment.make("mixup")(digits()[0], digits()[1])
