"""Hypothesis: the same examples in every run of the suite, or ever new ones with ``--hypothesis-profile=explore``."""

import sys

import pytest
from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=2000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def hooks_end_with_their_test():
    """A watch that a test leaves open lasts as long as the process, which the next tests share."""
    yield
    loaded = sys.modules.get("torch.nn.modules.module")
    if loaded is not None:
        loaded._global_forward_hooks.clear()
        loaded._global_forward_pre_hooks.clear()
