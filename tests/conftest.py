"""Hypothesis: the same examples in every run of the suite, or ever new ones with ``--hypothesis-profile=explore``."""

from hypothesis import settings

settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=2000)
settings.load_profile("suite")
