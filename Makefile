# Everything a person runs. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: run test lint ui bench lock clean help

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed; name one with make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: $(READY) ## the main job on this workspace: data/raw to data/out
	$(BIN)/esg-kpis --root . run

test: $(READY) ## all tests
	$(BIN)/python -m pytest

lint: $(READY) ## style, types, lock file
	$(BIN)/ruff check .
	$(BIN)/mypy

ui: $(READY) ## the Dagster UI on 127.0.0.1:3000
	$(BIN)/esg-kpis --root . ui

bench: $(READY) ## ratios against named rivals
	$(BIN)/python benchmarks/bench.py

lock: ## renews requirements.lock from pyproject.toml
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --extra dev pyproject.toml -o requirements.lock

clean: ## takes away what was made
	rm -rf $(VENV) data/out .dagster
