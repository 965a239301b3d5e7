"""The evidence behind every threshold, computed anew: `python -m benchmarks.calibration`."""
