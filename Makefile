# Everything runs from .venv, which is made when it is missing and renewed when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 7860
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install chat test lint format train clean

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

install: .venv/.installed ## make .venv and install Quoth in it

chat: .venv/.installed ## index seeds/ and chat at http://127.0.0.1:7860 (PORT=8000 for another port)
	@$(BIN)/quoth index seeds
	@$(BIN)/quoth chat --port $(PORT)

test: .venv/.test ## run the tests
	$(BIN)/pytest

lint: .venv/.lint ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.lint ## put the code in its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

train: .venv/.train ## train the reader (hours on a CPU, minutes on a GPU)
	$(BIN)/python -m training.train

clean: ## remove .venv and what tools left
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Quoth needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name one: make PYTHON=python3.12")'
	@$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml | .venv/bin/python
	@echo 'Installing Quoth in .venv: a few minutes the first time'
	@$(BIN)/pip install --quiet -e .
	@touch $@

# One stamp for each set of extras: .venv/.test, .venv/.lint, .venv/.train
.venv/.%: pyproject.toml .venv/.installed
	@$(BIN)/pip install --quiet -e '.[$*]'
	@touch $@
