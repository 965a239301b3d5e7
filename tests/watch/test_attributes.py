"""What a script sets on a module as a mere attribute."""

import pytest

from tests.watch.test_connections import Split, reach


@pytest.mark.parametrize("switched", [False, True])
def test_a_module_that_bears_requires_grad_as_an_attribute(switched, tmp_path):
    def freeze(model):
        model.body.requires_grad_(switched)
        model.body.requires_grad = True

    facts = reach(tmp_path / "run", lambda: Split(lambda body, x: body(x)), prepare=freeze).facts_of(
        "attributes"
    )
    assert [fact.data for fact in facts] == ([] if switched else [{"frozen": {"body": 320}, "numbers": 515}])
