# Everything a person does with this checkout. `make help` explains.

SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
SEEDS ?= 10000
BENCH ?= all
TESTS ?=
# Workers of `make test`: live tests wait for calls most of the time, so twice as many as there are processors.
WORKERS ?= 4
# What makes the fast suite fast besides what it leaves out: few examples, and no plug-in that only slow tests want.
FEW := --hypothesis-profile=fast -p no:schemathesis --ignore=tests/web/test_schemathesis.py
# Compiled modules are kept, whatever the shell says: without them every process of the suite compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv core demo run stop test test-fast check format lint types layers sim bench lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

venv: $(VENV)/.installed ## the Python environment in .venv

$(VENV)/.installed: requirements.lock pyproject.toml
	@PYTHON="$(PYTHON)" bash .ci/venv "$(VENV)"
	@touch $@

demo: venv ## a call center on this machine, real calls, a report; ends by itself
	@$(RUN)/callcenter demo

run: venv ## the same call center, which stays: prints the hotline, two accounts and how to stop
	@$(RUN)/callcenter run

stop: ## end what `make run` started elsewhere
	@$(RUN)/callcenter stop

test: venv ## every test, with a real Asterisk and a real Postgres
	@$(RUN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=30 $(TESTS)

test-fast: venv ## the tests that need no Asterisk, in a minute
	@$(RUN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not live and not slow" $(FEW) $(TESTS)

check: lint types layers ## what CI runs besides the tests

lint: venv ## style
	@$(RUN)/ruff check . && $(RUN)/ruff format --check .

types: venv ## mypy --strict
	@$(RUN)/mypy

layers: venv ## imports point one way, the core is pure
	@$(RUN)/lint-imports

format: venv ## put the code into shape
	@$(RUN)/ruff check --fix . ; $(RUN)/ruff format .

sim: venv ## the simulator over many seeds: make sim SEEDS=100000
	@$(RUN)/python -m callcenter.sim.run --seeds $(SEEDS)

core: venv ## compile the decisions to machine code, where there is a C compiler
	@$(RUN)/python -m callcenter.compiled

bench: core ## benchmarks against their peers: make bench BENCH=acd
	@$(RUN)/callcenter bench $(BENCH)

lock: venv ## renew requirements.lock from pyproject.toml (hashes, no hosts)
	@$(RUN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group dev pyproject.toml -o requirements.lock

clean: ## remove the environment and everything this checkout has made (the per-user cache stays)
	rm -rf $(VENV) var
