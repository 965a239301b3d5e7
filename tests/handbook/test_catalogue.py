import re

import pytest

from gradwise.handbook.catalogue import ORGANS, catalogue, find_ailment
from gradwise.rules.collection import all_rules


def test_codes_and_names_are_unique_and_well_formed():
    entries = list(catalogue().values())
    assert len({entry.code for entry in entries}) == len(entries)
    for entry in entries:
        assert re.fullmatch(r"[CDLWGAOESR]\d\d", entry.code)
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", entry.name)
        assert entry.summary[0].islower() or entry.summary.startswith("NaN")
        assert not entry.summary.endswith(".")


def test_codes_count_up_within_each_organ():
    for letter in ORGANS:
        numbers = [int(entry.code[1:]) for entry in catalogue().values() if entry.code.startswith(letter)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", list(all_rules()))
def test_every_rule_keeps_the_contract_of_its_name(name):
    assert catalogue()[name].code == all_rules()[name].declaration.code


def test_finding_an_ailment():
    assert find_ailment("C05") is catalogue()["softmax-twice"]
    assert find_ailment("Softmax_Twice") is catalogue()["softmax-twice"]
    assert find_ailment("nothing") is None
    assert catalogue()["softmax-twice"].organ == "connections"
