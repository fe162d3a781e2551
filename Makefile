# Every target sets up what it needs: Python 3.11 to 3.13 and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint format types schemas bench lock clean
.DEFAULT_GOAL := test

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
	  { echo "Keywright needs Python 3.11 to 3.13; found $$($(PYTHON) --version). Say which one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## plan, apply and status on keys.yaml, against the embedded sandbox
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(READY)  ## every test
	$(BIN)/python -m pytest

lint: $(READY)  ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)  ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

schemas: $(READY)  ## write schemas/ anew from the types
	$(BIN)/keywright schema keys > schemas/keys.schema.json
	$(BIN)/keywright schema dialect > schemas/dialect.schema.json

bench: $(READY)  ## timings beside their floors and targets
	$(BIN)/python -m benchmarks

lock:  ## requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-header --extra dev pyproject.toml --output-file requirements.lock

clean:  ## remove what these targets made
	rm -rf $(VENV) .keywright .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis
