"""The detection corpus and its runner: `python -m benchmarks.detection`."""
