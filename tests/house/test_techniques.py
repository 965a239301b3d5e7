"""The form that the page of every technique keeps."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any

import pytest

from gradwise.augment import AUGMENTATIONS
from gradwise.baselines import BASELINES
from gradwise.data.resampling import RESAMPLERS
from gradwise.data.scaling import SCALINGS
from gradwise.handbook.techniques import HEADINGS, OPTIONAL, PLACES, Technique, find_techniques, techniques
from gradwise.init import INITIALISERS
from gradwise.losses import LOSSES
from gradwise.nets import NETS
from gradwise.nets.activations import ACTIVATIONS
from gradwise.nets.norms import NORMS
from gradwise.optim import OPTIMIZERS, SCHEDULES
from gradwise.registry import Registry
from gradwise.regularize import REGULARISERS


def together(kind: str, *registries: Registry[Any]) -> Registry[Any]:
    """Of a kind whose techniques stand in several rooms."""
    made = Registry[Any](kind)
    for registry in registries:
        for name in registry:
            made.add(name, registry[name], registry.aliases(name))
    return made


REGISTRIES: Mapping[str, Registry[Any]] = {
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "initialiser": INITIALISERS,
    "normalization": together("normalization", NORMS, SCALINGS),
    "activation": ACTIVATIONS,
    "loss": LOSSES,
    "augmentation": AUGMENTATIONS,
    "regulariser": REGULARISERS,
    "resampler": RESAMPLERS,
    "net": NETS,
    "baseline": BASELINES,
}
# A page of these tells of a family: the names of its members stand under "Also called" with their aliases, and
# its own name may be one of theirs, or none.
FAMILIES = ("net",)
MAX_TITLE = 110  # characters

each_technique = pytest.mark.parametrize(
    "technique", [pytest.param(each, id=f"{each.kind}:{each.name}") for each in techniques()]
)


@each_technique
def test_page_has_the_headings_in_order(technique: Technique) -> None:
    lines = technique.page.splitlines()
    found = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert found == [heading for heading in HEADINGS if heading in found or heading not in OPTIONAL]
    assert lines[0].endswith(".")
    assert len(lines[0]) <= MAX_TITLE


@each_technique
def test_no_section_is_empty(technique: Technique) -> None:
    parts = re.split(r"^(?:" + "|".join(HEADINGS) + r")$", technique.page, flags=re.MULTILINE)
    assert all(part.strip() for part in parts)


@each_technique
def test_the_example_runs_and_shows_its_answer(technique: Technique) -> None:
    example = technique.page.partition("\nExample\n")[2].partition("\nClaims\n")[0]
    lines = [line.strip() for line in example.splitlines() if line.strip()]
    code = [line for line in lines if line.startswith((">>>", "..."))]
    assert code
    assert not lines[-1].startswith((">>>", "...")), "the last line of an example is what it prints"


@each_technique
def test_the_module_can_be_imported_and_its_page_is_its_docstring(technique: Technique) -> None:
    assert technique.page.partition("\n")[0] in (importlib.import_module(technique.module).__doc__ or "")


@pytest.mark.parametrize("kind", [kind for kind in REGISTRIES if kind not in FAMILIES])
def test_every_name_has_a_page_and_every_page_a_name(kind: str) -> None:
    paged = {each.name for each in techniques() if each.kind == kind}
    assert paged == set(REGISTRIES[kind])


@each_technique
def test_the_page_gives_the_aliases_of_the_registry(technique: Technique) -> None:
    if technique.kind in REGISTRIES and technique.kind not in FAMILIES:
        assert set(technique.aliases) == set(REGISTRIES[technique.kind].aliases(technique.name))


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_member_and_alias_is_found_on_the_page_of_a_family(kind: str) -> None:
    registry = REGISTRIES[kind]
    known = {word for name in registry for word in (name, *registry.aliases(name))}
    pages = [each for each in techniques() if each.kind == kind]
    said = {word for each in pages for word in (each.name, *each.aliases)}
    assert known - said == set(), "names without a page"
    assert said - known - {each.name for each in pages} == set(), "names that no net has"


@each_technique
def test_a_family_names_the_members_of_its_file(technique: Technique) -> None:
    if technique.kind in FAMILIES:
        members = importlib.import_module(technique.module).NETS
        declared = {word for member in members for word in (member.name, *member.aliases)}
        assert {technique.name, *technique.aliases} == {technique.name, *declared}


def test_within_a_kind_no_name_is_given_twice() -> None:
    for kind in PLACES:
        words = [word for each in techniques() if each.kind == kind for word in (each.name, *each.aliases)]
        assert len(words) == len(set(words))


def test_a_member_finds_the_page_of_its_family() -> None:
    for word in ("LSTM", "vanilla_rnn", "net:gru", "recurrent"):
        assert [(found.kind, found.name) for found in find_techniques(word)] == [("net", "recurrent")]
    assert [found.name for found in find_techniques("lenet-5")] == ["lenet"]


def test_a_page_is_found_by_alias_and_by_kind() -> None:
    assert [found.kind for found in find_techniques("optimizer:ADAM")] == ["optimizer"]
    assert find_techniques("schedule:adam") == []
