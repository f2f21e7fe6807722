# The four commands of this project; each works on a machine that has Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test check bench format vendor
.DEFAULT_GOAL := run

run: $(STAMP) vendor ## everything on this machine: database, broker, web, worker, clock; Ctrl-C ends it
	@$(BIN)/python -m skinclinic.local run

test: $(STAMP) vendor ## the whole test suite, two files at a time, each on a database and broker of its own
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: $(STAMP) ## style, types, import contracts, missing migrations, house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

bench: $(STAMP) ## every script of benchmarks/, one after the other
	@set -e; for script in benchmarks/[a-z]*.py; do echo "== $$script"; $(BIN)/python -m benchmarks.$$(basename $$script .py); done

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

vendor: $(STAMP)
	@$(BIN)/python -m skinclinic.local vendor

# Only what pyproject.toml names is installed, at the versions of constraints.txt. torch first: a CPU build where pip is shown one
# (PIP_FIND_LINKS, PIP_EXTRA_INDEX_URL), and torchvision then finds it in place instead of asking for another.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt torch numpy
	$(BIN)/pip install -q -c constraints.txt -e '.[local,dev]'
	@touch $(STAMP)
