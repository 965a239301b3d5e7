"""Search for settings that fit better than fit's own defaults; needs optuna (``gradwise[search]``).

>>> from gradwise.search import Space
>>> space = Space.make({"width": {"low": 16, "high": 256, "log": True}, "norm": ["none", "batch-norm"]})
>>> space.dimensions["norm"].values
('none', 'batch-norm')
"""

from gradwise.search.confirming import Confirmation
from gradwise.search.default_space import default_space
from gradwise.search.dimension import Between, OneOf
from gradwise.search.listener import SearchListener, Standing, TrialNews
from gradwise.search.outcome import SearchOutcome
from gradwise.search.searching import begin_search, resume_search, search
from gradwise.search.space import Space

__all__ = [
    "Between",
    "Confirmation",
    "OneOf",
    "SearchListener",
    "SearchOutcome",
    "Space",
    "Standing",
    "TrialNews",
    "begin_search",
    "default_space",
    "resume_search",
    "search",
]
