# make run, make test: on a machine with Python 3.11 or later and make. All state is under PAIDAN_HOME (var/).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-with-extras
READY_TO_BENCH := $(VENV)/.ready-to-bench

.PHONY: setup run test check format bench clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "paidan needs Python 3.11 or later; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

run: setup
	$(BIN)/paidan run $(if $(DATA),--data '$(DATA)') $(foreach c,$(COLUMN),--column '$(c)')

test: setup
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# BENCH=single,http make bench: these parts only; BENCH_RECORD=1: make the figures the committed ones
bench: $(READY_TO_BENCH)
	$(BIN)/python -m tests.benchmarks

$(READY_TO_BENCH): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
