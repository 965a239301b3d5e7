"""Answers to rare classes beside resampling: weights, balanced batches, thresholds, correction by prior."""

from gradwise.data.imbalance.balanced_batches import balanced_order
from gradwise.data.imbalance.class_weights import balancing_weights
from gradwise.data.imbalance.prior_correction import prior_corrected
from gradwise.data.imbalance.threshold import best_threshold

__all__ = ["balanced_order", "balancing_weights", "best_threshold", "prior_corrected"]
