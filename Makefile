# `make` says what there is. Needs Python 3.11 or newer, git and make; everything else goes into .venv.

# The first one that is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
OLDEST := .venv-oldest
BIN := $(VENV)/bin
PORT ?= 8888

.DEFAULT_GOAL := help
.PHONY: help serve generate check test test-oldest golden bench profile

help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

serve: $(VENV)/.lab ## Start JupyterLab with jmcp and a welcome notebook (PORT=8888)
	$(BIN)/jmcp serve --root-dir examples/notebooks --port $(PORT)

generate: $(VENV)/.all ## Make generated/ from spec/
	$(BIN)/jmcp generate

check: $(VENV)/.all ## Lint, types, layers, and whether generated/ is what spec/ says
	$(BIN)/jmcp generate --check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## Set everything up, check and run all tests (ARGS=... for pytest)
	$(BIN)/python -m pytest -rs $(ARGS)

# What meets Jupyter. The rest asks nothing of it.
OLDEST_TESTS ?= ports scenarios/journal surfaces e2e

test-oldest: $(OLDEST)/.all ## The same on the oldest versions of Jupyter that .ci/oldest.txt names
	$(OLDEST)/bin/python -m pytest -rs $(OLDEST_TESTS:%=tests/%) $(ARGS)

golden: $(VENV)/.all ## Accept what codegen makes of the small test specs as right
	$(BIN)/jmcp generate --spec tests/codegen/golden/spec --out tests/codegen/golden/tree \
		--package golden_api

bench: $(VENV)/.all ## Measure, and say what falls short (ARGS="cpu --rounds 1", ARGS=many; docs/performance.md)
	$(BIN)/python -m benchmarks $(ARGS)

profile: $(VENV)/.all ## Where the CPU of a call goes (ARGS="--tools read_cell --functions")
	$(BIN)/python -m benchmarks profile $(ARGS)

# Stamps: an installation is editable, so only other dependencies make a new one.
# --group needs pip 25.1; the pip that comes with Python 3.11 is older.
%/bin/pip:
	@test -n "$(PYTHON)" || { echo "jmcp needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.lab: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	touch $@

$(VENV)/.all: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	touch $@ $(VENV)/.lab

$(OLDEST)/.all: pyproject.toml .ci/oldest.txt | $(OLDEST)/bin/pip
	$(OLDEST)/bin/python -m pip install --quiet --constraint .ci/oldest.txt --editable '.[all]' --group dev
	touch $@
