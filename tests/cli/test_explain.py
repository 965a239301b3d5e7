from functools import partial

import pytest

from gradwise.cli.entries import catalogue_text, find_entries
from gradwise.errors import UnknownNameError
from gradwise.handbook.catalogue import catalogue
from gradwise.remedies.collection import all_remedies
from gradwise.rules.collection import all_rules
from tests.cli.verbs import call

explain = partial(call, "explain")


@pytest.mark.parametrize("name", ["dead-relu", "A01", "a01", "dead_relu", " DEAD-RELU "])
def test_a_page_by_name_or_code(name, capsys):
    code, out, _ = explain(capsys, name)
    assert code == 0
    assert out.startswith("A01 dead-relu\nsick; since 0.1.0;")
    assert "This run shows units that never fire." in out
    assert "\nHow it decides\n" in out


def test_a_cure_has_its_page_its_edit_and_what_it_helps_against(capsys):
    code, out, _ = explain(capsys, "lower-lr")
    assert code == 0
    assert out.startswith("lower-lr\ncure, changes-training; helps against ")
    assert "dead-relu" in out.split("\n\n")[0]
    assert out.endswith("# after\noptimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n")


def test_a_planned_ailment_says_that_it_is_planned(capsys):
    planned = next(a for a in catalogue().values() if a.name not in all_rules())
    code, out, _ = explain(capsys, planned.code)
    assert code == 0
    assert "planned: gradwise does not look for it yet" in out


def test_a_cure_lists_its_doses_with_range_and_default(capsys):
    code, out, _ = explain(capsys, "warm-up")
    assert code == 0
    doses = " ".join(out.partition("Doses\n")[2].partition("References")[0].split())
    assert (
        "- steps: steps until the full rate; 100 unless set, from 1 to 1e+06; heal tries 100, 500, 30"
        in doses.replace("`", "")
    )
    assert "- start: share of the rate at the first step; 0.01 unless set, from 0 to 0.9" in doses.replace(
        "`", ""
    )


def test_a_cure_without_doses_has_no_list_of_them(capsys):
    assert "Doses" not in explain(capsys, "zero-grad")[1]


@pytest.mark.parametrize("name", [*all_rules(), *all_remedies(), *catalogue()])
def test_everything_that_has_a_name_can_be_explained(name):
    assert name in find_entries(name)[0].headline


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UnknownNameError, match=r"nothing is called 'dead-rely' \(did you mean 'dead-relu'"):
        find_entries("dead-rely")


def test_no_name_is_wrong_use(capsys):
    code, out, err = explain(capsys)
    assert (code, out) == (2, "")
    assert "--list" in err


def test_the_list_has_every_ailment_once_with_its_status():
    text = catalogue_text(width=200)
    rows = [line.split() for line in text.splitlines() if line.startswith("  ")]
    status = {row[1]: row[2] for row in rows if len(row) > 2 and row[1] in catalogue()}
    assert set(status) == set(catalogue())
    assert {name for name, word in status.items() if word == "ready"} == set(all_rules())
    assert {row[0] for row in rows} >= set(all_remedies())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_list_fits_the_screen(width):
    assert max(map(len, catalogue_text(width=width).splitlines())) <= max(width, 75)


def test_html(tmp_path, capsys):
    target = tmp_path / "pages" / "a01.html"
    code, out, _ = explain(capsys, "A01", "--html", str(target))
    assert (code, out) == (0, f"{target}\n")
    assert "This run shows units that never fire." in target.read_text()
    code, _, err = explain(capsys, "A01", "--html", str(tmp_path))
    assert code == 2
    assert "cannot be written" in err
