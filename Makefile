# Every target makes its own virtual environment and installs what it needs; a second run starts at once.
#
#   make demo                              train the digits network, write runs/demo/
#   make demo ARGS="--seeds 3"             arguments for the command behind demo and bench
#   make test PYTEST_ARGS="-k conv2d -x"   arguments for pytest
#   make test PYTHON=python3.13 VENV=/tmp/venv313

PYTHON ?= python3
VENV   ?= .venv
ARGS   ?=
PYTEST_ARGS ?=

python := $(VENV)/bin/python

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help venv demo test lint format docs bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.installed-demo ## train the lecture's network on real digits and write runs/demo/report.html
	$(python) -m tinygrad_cnn demo $(ARGS)

# The workers share the cores among them, so each one's BLAS gets one thread.
test: export OPENBLAS_NUM_THREADS ?= 1
test: export MKL_NUM_THREADS ?= 1
test: export OMP_NUM_THREADS ?= 1
test: $(VENV)/.installed-test ## run the tests and the doctests
	$(python) -m pytest --numprocesses auto --maxprocesses 8 $(PYTEST_ARGS)

lint: $(VENV)/.installed-lint ## check format, lint and types
	$(python) -m ruff format --check .
	$(python) -m ruff check .
	$(python) -m mypy
	$(python) -m mypy tests/typing

format: $(VENV)/.installed-lint ## put the code into the project's format
	$(python) -m ruff check --fix-only --exit-zero .
	$(python) -m ruff format .

docs: $(VENV)/.installed-docs ## build the documentation in site/
	NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict --site-dir site

bench: $(VENV)/.installed-bench ## run the benchmarks
	$(python) -m benchmarks $(ARGS)

clean: ## remove .venv and everything built or cached; runs/ stays
	rm -rf .venv build dist site .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------------------------------------- the virtual environment

extras-demo  := fast,viz,vision,io
extras-test  := test
extras-lint  := lint
extras-docs  := docs
extras-bench := fast

venv: $(python) ## make the virtual environment, empty

# Some systems ship Python without ensurepip: then the system's pip installs one.
$(python):
	@$(PYTHON) -c '' || { echo "tinygrad_cnn needs Python 3.11 or newer, and '$(PYTHON)' does not run. Name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tinygrad_cnn needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name a newer one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@rm -f $(VENV)/.installed-*
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	  else $(PYTHON) -m venv --without-pip $(VENV) && $(PYTHON) -m pip --python $@ install --quiet pip; fi

$(VENV)/.installed-%: pyproject.toml | $(python)
	@echo "Installing what 'make $*' needs into $(VENV) (only when pyproject.toml has changed) ..."
	@$(python) -m pip install --quiet --disable-pip-version-check --editable '.[$(extras-$*)]'
	@touch $@
