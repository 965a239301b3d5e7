# Two commands on a fresh machine with Python 3.11+ and make:
#     make demo      see it find a fault and clear the healed twin
#     make test      install what tests need and run everything CI runs

# The newest Python last: the pinned packages are resolved for 3.11.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Inside the environment, so that deleting it deletes what they claim.
STAMPS := $(VENV)/.stamps
PINNED := pyproject.toml constraints.txt
TORCH := $(shell sed -n 's/^\(torch==.*\)/\1/p' constraints.txt)

# Where the environment came from elsewhere, `make check` uses it as it is.
PYTEST_ARGS ?= -n 2
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test check format-check lint types imports docs docs-fresh tests format \
	bench-cost bench-detect bench-fit bench-tables bench-augment bench-seeds bench-imbalance bench-nets bench-baselines bench-mutants bench-peers-detect bench-heal calibrate test-frameworks clean env env-dev

help: ## show this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "gradwise needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/runtime: $(PINNED) | $(BIN)/python
	@echo "installing $(TORCH), gradwise and scikit-learn into $(VENV) (some minutes the first time)"
	@$(PIP) install -qq "$(TORCH)" --constraint constraints.txt
	@$(PIP) install -qq --editable . scikit-learn --constraint constraints.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: $(PINNED) | $(STAMPS)/runtime
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) install -qq --editable ".[dev]" --constraint constraints.txt
	@mkdir -p $(STAMPS) && touch $@

env: $(STAMPS)/runtime ## create the environment that runs gradwise and its examples

env-dev: $(STAMPS)/runtime $(STAMPS)/dev ## the same, with what the tests need

demo: $(STAMPS)/runtime ## check a sick example and its healed twin
	@$(BIN)/python -m tools.demo

test: $(STAMPS)/runtime $(STAMPS)/dev ## create the environment and run everything CI runs
	@$(MAKE) --no-print-directory check

check: format-check lint types imports docs-fresh tests ## everything CI runs, in the environment as it is

format-check:
	$(BIN)/python -m ruff format --check .

lint:
	$(BIN)/python -m ruff check .

types:
	$(BIN)/python -m mypy

imports:
	$(BIN)/lint-imports

docs-fresh:
	$(BIN)/python -m tools.docs --check

tests: ## doctests and tests alone
	$(BIN)/python -m pytest $(PYTEST_ARGS)

format: ## format and fix what can be fixed by itself
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

docs: ## regenerate the pages that come from docstrings
	$(BIN)/python -m tools.docs

bench-cost: $(STAMPS)/runtime ## step time with and without watching
	$(BIN)/python -m benchmarks.cost

bench-detect: $(STAMPS)/runtime ## recall, cause first, false alarms on the corpus
	$(BIN)/python -m benchmarks.detection

$(STAMPS)/peers-detect: benchmarks/detection/peers/packages.txt $(PINNED) | $(STAMPS)/runtime
	@echo "installing other diagnosers into $(VENV)/peers-detect"
	@$(BIN)/python -m benchmarks.fit.environment $(VENV)/peers-detect benchmarks/detection/peers/packages.txt
	@mkdir -p $(STAMPS) && touch $@

bench-peers-detect: $(STAMPS)/peers-detect ## other diagnosers on the detection corpus (PEERS_DETECT_ARGS="--limit 30")
	$(VENV)/peers-detect/bin/python -m benchmarks.detection.peers $(PEERS_DETECT_ARGS)

bench-mutants: $(STAMPS)/runtime ## recall on healthy scripts made sick by one edit (MUTANTS_ARGS="--limit 40")
	$(BIN)/python -m benchmarks.detection.mutation $(MUTANTS_ARGS)

bench-heal: $(STAMPS)/runtime ## sick scripts that heal brings to where the mended ones are (HEAL_ARGS="--limit 10 --seeds 2")
	$(BIN)/python -m benchmarks.heal $(HEAL_ARGS)

calibrate: $(STAMPS)/runtime ## evidence of all thresholds on recorded runs (CALIBRATE_ARGS="--limit 72 --seeds 1 --write")
	$(BIN)/python -m benchmarks.calibration $(CALIBRATE_ARGS)

$(STAMPS)/bench: benchmarks/fit/peers.txt $(PINNED) | $(STAMPS)/runtime
	@echo "installing the peers of the benchmark into $(VENV)/bench"
	@$(BIN)/python -m benchmarks.fit.environment $(VENV)/bench
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/frameworks: tests/frameworks/packages.txt $(PINNED) | $(STAMPS)/dev
	@echo "installing training frameworks into $(VENV)/frameworks (240 MB, 20 seconds)"
	@$(BIN)/python -m benchmarks.fit.environment $(VENV)/frameworks tests/frameworks/packages.txt
	@mkdir -p $(STAMPS) && touch $@

test-frameworks: $(STAMPS)/frameworks ## the watch and callbacks in Lightning, Trainer, Accelerate, Keras, skorch, ignite (2 minutes)
	$(VENV)/frameworks/bin/python -m pytest tests/frameworks $(PYTEST_ARGS)

bench-fit: $(STAMPS)/bench ## speed of fit beside other training loops (FIT_ARGS="--only cnn --quick")
	$(BIN)/python -m benchmarks.fit.fetch
	env -u OMP_NUM_THREADS $(VENV)/bench/bin/python -m benchmarks.fit $(FIT_ARGS)

$(STAMPS)/augment-peers: benchmarks/augment/peers.txt $(PINNED) | $(STAMPS)/runtime
	@$(PIP) install -qq --no-deps --upgrade --target $(VENV)/augment-peers --requirement benchmarks/augment/peers.txt
	@mkdir -p $(STAMPS) && touch $@

bench-augment: $(STAMPS)/augment-peers ## augmentation beside kornia, and its share of a step (AUGMENT_ARGS="--quick")
	env -u OMP_NUM_THREADS PYTHONPATH=$(VENV)/augment-peers $(BIN)/python -m benchmarks.augment $(AUGMENT_ARGS)

bench-tables: $(STAMPS)/runtime ## memory and time of a fit on a csv of a million rows
	$(BIN)/python -m benchmarks.tables

bench-seeds: $(STAMPS)/runtime ## what 8 tiny nets trained together cost, over one
	$(BIN)/python -m benchmarks.seeds

bench-imbalance: $(STAMPS)/dev ## answers to rare classes side by side on two real sets (IMBALANCE_ARGS="--seeds 2")
	$(BIN)/python -m benchmarks.imbalance $(IMBALANCE_ARGS)

bench-nets: $(STAMPS)/runtime ## every family of nets on real data, the doctor on (NETS_ARGS="--only lstm --seconds 20")
	$(BIN)/python -m benchmarks.fit.fetch fashion cifar10 crop imdb adult
	env -u OMP_NUM_THREADS $(BIN)/python -m benchmarks.nets $(NETS_ARGS)

bench-baselines: $(STAMPS)/runtime ## k-NN and SVM prediction and all scores beside scikit-learn (BASELINES_ARGS="--quick")
	$(BIN)/python -m benchmarks.fit.fetch fashion
	env -u OMP_NUM_THREADS $(BIN)/python -m benchmarks.baselines $(BASELINES_ARGS)

clean: ## remove what make, tests and demo left behind (the environment stays; delete .venv to be rid of it)
	rm -rf .gradwise build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src tests tools benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
