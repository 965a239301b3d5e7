"""Learning from what was learnt before: freezing, unfreezing, rates by depth, teachers."""

from gradwise.train.transfer.discriminative_rates import rate_factors
from gradwise.train.transfer.distillation import Distillation, Teacher
from gradwise.train.transfer.freezing import Freezing
from gradwise.train.transfer.stages import Stage, stages

__all__ = ["Distillation", "Freezing", "Stage", "Teacher", "rate_factors", "stages"]
