# Every target makes what it needs. Needs itself: Python 3.11, git, make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# Test processes at the same time. Two fit a small machine: some tests start a whole Airflow.
JOBS ?= 2
VENV := .venv
MATRIX := $(patsubst requirements/matrix-%.txt,%,$(wildcard requirements/matrix-*.txt))

# Without bytecode every Airflow process compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE
# Nothing that runs here shall phone home, nor wait for a network to do it.
export DO_NOT_TRACK := 1
# Airflow and Kedro start programs by name.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help env demo test bench bench-quick bench-check lint format test-matrix lock docs clean

help:  ## print the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1  /p' Makefile | awk -F '  ' '{ printf "make %-12s %s\n", $$1, $$2 }'

env:  ## make .venv with everything; instant when it is there
	@$(PYTHON) scripts/make_env.py $(VENV) requirements/dev.txt

demo: env  ## run the example on a real Airflow, compare with `kedro run`; KEEP=1 leaves Airflow up
	@$(VENV)/bin/python -m scripts.demo $(if $(KEEP),--keep)

test: env  ## run all tests; those of the matrix with the newest versions
	@$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile

bench: env  ## measure all side by side with kedro-airflow, `kedro run` and bare Airflow; SUITES="create parse" for some
	@$(VENV)/bin/python -m bench $(SUITES)

bench-quick: env  ## one sample each, in minutes
	@$(VENV)/bin/python -m bench --quick $(SUITES)

bench-check: env  ## compare bench/results.json with bench/budgets.toml
	@$(VENV)/bin/python -m bench --check

lint: env  ## ruff, mypy --strict, import contracts, codespell
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/codespell

format: env  ## let ruff repair what it can
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

test-matrix: $(MATRIX:%=test-matrix-%)  ## run tests/matrix with every Airflow x Kedro in requirements/

# One after the other: each starts a whole Airflow.
.NOTPARALLEL:
.PHONY: $(MATRIX:%=test-matrix-%)
$(MATRIX:%=test-matrix-%): test-matrix-%:
	@echo "== Airflow $(subst -kedro-, x Kedro ,$*)"
	@$(PYTHON) scripts/make_env.py .cache/matrix/$* requirements/matrix-$*.txt
	@PATH="$(CURDIR)/.cache/matrix/$*/bin:$$PATH" .cache/matrix/$*/bin/python -m pytest -o cache_dir=.cache/matrix/$*/.pytest_cache tests/matrix

lock: env  ## compile requirements/*.in to *.txt; UPGRADE=1 takes the newest versions
	@UPGRADE=$(UPGRADE) scripts/lock.sh

docs: env  ## write the generated pages and schemas
	$(VENV)/bin/python -m scripts.pages

clean:  ## remove what the other targets made
	@if [ -x $(VENV)/bin/kedro ] && [ -d .demo/airflow ]; then cd .demo/airflow && $(CURDIR)/$(VENV)/bin/kedro airflow down || true; fi
	rm -rf $(VENV) .cache .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
