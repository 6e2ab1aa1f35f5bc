# Everything a person runs. Each target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPARK := $(VENV)/.spark

.PHONY: run test lint ui bench lock clean help

help: ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed; name one with make PYTHON=python3.11')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

# 450 MB, so only where it is used. The setuptools of requirements.lock build it, none that pip would fetch without a hash.
$(SPARK): $(READY) requirements-spark.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements-spark.lock
	@touch $(SPARK)

run: $(READY) ## the main job on this workspace: data/raw to data/out
	$(BIN)/esg-kpis --root . run

test: $(READY) $(if $(shell command -v java),$(SPARK)) ## all tests; those on Spark where there is Java
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

lint: $(READY) ## style, types, lock file
	$(BIN)/ruff check .
	$(BIN)/mypy

ui: $(READY) ## the Dagster UI on 127.0.0.1:3000
	$(BIN)/esg-kpis --root . ui

bench: $(SPARK) ## ratios against named rivals; takes an hour and some gigabytes of disk
	$(BIN)/python benchmarks/bench.py

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras

lock: ## renews requirements.lock and requirements-spark.lock from pyproject.toml
	$(COMPILE) --extra dev pyproject.toml -o requirements.lock
	$(COMPILE) --group spark --constraint requirements.lock -o requirements-spark.lock

clean: ## takes away what was made
	rm -rf $(VENV) data/out .dagster
