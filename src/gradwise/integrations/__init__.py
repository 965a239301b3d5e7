"""Callbacks for training frameworks: each begins `gradwise.watch` and ends it with the training.

No framework is imported before its callback is asked for.
"""
