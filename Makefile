# `make demo` runs the main job and `make test` the tests; both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin
DEMO := optimize orgs/trio.md --task tinygpt --task digits --lab replay --generations 13 --population 8 --budget 30s \
	--slots 2 --race-seeds 16 --test-seeds 16 --real-runs 1

.PHONY: demo test slow fuzz browser screenshots check docs bench format clean

demo: .venv/demo
	$(BIN)/orgopt $(DEMO)

# Of modules without their bytecode every process of a test would compile orgopt anew.
test: .venv/dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadgroup -q

slow: .venv/dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup -q -m "slow or fault"

# 100,000 mutated documents, 10 to 20 minutes of one quiet core; FUZZ_CASES=2000 and FUZZ_SEED=1 for others.
fuzz: .venv/dev
	FUZZ_CASES=$${FUZZ_CASES:-100000} $(BIN)/python -m pytest -n 2 -q -m slow -rP tests/test_fuzz.py

# Needs a Chromium: CHROMIUM names it, /usr/bin/chromium without.
browser: .venv/dev
	$(BIN)/python -m pytest -q -m browser

# The pictures of MLflow in the documentation, of a real study: minutes, and a Chromium.
screenshots: .venv/dev
	$(BIN)/python -m tests.screenshots

check: .venv/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

docs: .venv/dev
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

bench: .venv/dev
	$(BIN)/python -m tests.bench.bench

format: .venv/dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/python -c 'from orgopt.document.rules import page; print(page(), end="")' > docs/rules.md

# torch comes through pip, which finds a local CPU build where there is one.
.venv/demo: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "orgopt needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -e .
	touch $@

.venv/dev: .venv/demo
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

clean:
	rm -rf .venv docs/_build .pytest_cache .ruff_cache
