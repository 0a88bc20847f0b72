# `make demo` and `make test` need nothing but Python 3.11 or newer and the package index.
VENV   ?= .venv
PYTHON ?= python3
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# uv installs in half a minute what takes pip nine; `make UV= test` forces pip.
UV     ?= $(shell command -v uv 2>/dev/null || echo fetch)

# The demo runs on the built-in synthetic sample; `make demo SOURCE=ham10000 LOCATION=path` runs the same on real data.
SOURCE   ?= sample
LOCATION ?=
DEMO     ?= demo$(if $(filter-out sample,$(SOURCE)),-$(SOURCE))

export PATH := $(abspath $(BIN)):$(PATH)
# One thread count, so that two runs on one machine give the same numbers.
export OMP_NUM_THREADS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow lint format lock coverage clean

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP)  ## install everything into .venv

$(STAMP): requirements.lock pyproject.toml examples/harness-plugin/pyproject.toml tools/install.sh tools/fetch_uv.py
	@PYTHON="$(PYTHON)" VENV="$(VENV)" UV="$(UV)" sh tools/install.sh
	@touch $@

demo: $(STAMP)  ## the whole main job on the built-in sample: ingest, check, split, train, report
	curate ingest $(SOURCE) $(LOCATION) --into $(DEMO)/dataset
	curate check $(DEMO)/dataset --embedder classical
	curate split $(DEMO)/dataset --name default --fractions 0.6,0.2,0.2 --seed 0
	harness run --data $(DEMO)/dataset --split default --task malignant --model plugin:linear_probe --weights none --budget smoke --out $(DEMO)/run
	@echo "To look at the findings: $(BIN)/curate review $(DEMO)/dataset"
	@echo "The report: $(abspath $(DEMO)/run/report.html)"

test: lint  ## lint, then every test that is not slow and needs no real data
	$(BIN)/python -m pytest -m "not slow and not real" $(ARGS)

test-slow: $(STAMP)  ## the slow tests and those on real data (skipped where ../shared is absent)
	$(BIN)/python -m pytest -m "slow or real" $(ARGS)

lint: $(STAMP)  ## format check, ruff, mypy strict, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports importlinter.toml

format: $(STAMP)  ## let ruff format and fix
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

coverage: $(STAMP)  ## the tests of `make test`, with branch coverage
	$(BIN)/python -m pytest -m "not slow and not real" --cov --cov-report=term --cov-report=html $(ARGS)

lock: $(STAMP)  ## resolve the dependencies again (needs uv)
	$(if $(filter fetch,$(UV)),$(BIN)/uv,$(UV)) pip compile pyproject.toml --group dev --constraint lock-constraints.txt --universal --python-version 3.11 \
	   --no-emit-index-url --generate-hashes --custom-compile-command 'make lock' --quiet -o requirements.lock

clean:  ## remove what the targets made, the virtual environment too
	rm -rf $(VENV) demo demo-* dist build htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
