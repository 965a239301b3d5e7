"""Which frames of a traceback are ours, so that users see their own alone."""

from __future__ import annotations

import os
from types import CodeType, TracebackType

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def is_own(code: CodeType) -> bool:
    """Whether this code belongs to gradwise."""
    return os.path.abspath(code.co_filename).startswith(_OWN)


def strip_own_frames(tb: TracebackType | None) -> TracebackType | None:
    """The traceback without gradwise's frames, as it would look without gradwise."""
    kept: list[TracebackType] = []
    while tb is not None:
        if not is_own(tb.tb_frame.f_code):
            kept.append(tb)
        tb = tb.tb_next
    chain: TracebackType | None = None
    for item in reversed(kept):
        chain = TracebackType(chain, item.tb_frame, item.tb_lasti, item.tb_lineno)
    return chain
