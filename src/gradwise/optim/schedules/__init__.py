"""Learning-rate schedules by their usual names, one per file.

>>> import torch
>>> from gradwise.optim.schedules import make_schedule
>>> optimizer = torch.optim.SGD(torch.nn.Linear(2, 1).parameters(), lr=0.1)
>>> schedule = make_schedule("cosine:warm-up=0.05", optimizer, steps_per_epoch=10, epochs=20)
>>> schedule.pace, round(optimizer.param_groups[0]["lr"], 4)  # the first of ten steps of warm-up
('batch', 0.01)
"""

from gradwise.optim.schedules.collection import SCHEDULES, Schedule, check_schedule, make_schedule
from gradwise.optim.schedules.policy import Policy

__all__ = ["SCHEDULES", "Policy", "Schedule", "check_schedule", "make_schedule"]
