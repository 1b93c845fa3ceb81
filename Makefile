# Two commands: `make demo` and `make test`. Each sets up what it needs; what is up to date is skipped.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-cell demo up test check docs lock clean

WORLD ?= worlds/blade_cell.yaml
IN_ENV := source scripts/env.sh &&

help: ## what there is
	@grep -hE '^[a-z%-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z%-]+):.*## /\1\t/' | expand -t 12
	@echo "Variables: WORLD=FILE, ARGS='more arguments', PYTHON=interpreter, TWINCELL_ROS=wheels"

setup: ## environment, ROS 2, workspace, training
	@bash scripts/setup.sh

setup-cell: ## the same without what only training needs
	@bash scripts/setup.sh --cell

demo: setup-cell ## the main job, on the ROS stack, with a table at the end
	@$(IN_ENV) exec twincell demo $(WORLD) $(ARGS)

up: setup-cell ## the ROS stack until Ctrl-C
	@$(IN_ENV) exec twincell up $(WORLD) $(ARGS)

test: check ## all tests, after `check`
	@$(IN_ENV) exec bash scripts/test.sh $(ARGS)

check: setup ## ruff and mypy
	@$(IN_ENV) ruff check . && ruff format --check -q . && exec mypy

bench-%: setup ## one figure, e.g. `make bench-sensing`; writes out/bench/NAME.json
	@$(IN_ENV) exec python benchmarks/$*.py $(ARGS)

docs: setup ## check that every link in README and docs/ leads to a file
	@.venv/bin/python scripts/check_links.py

lock: ## resolve requirements/*.lock anew
	@.venv/bin/python scripts/lock.py

clean: ## all that was built; what runs wrote (out/) stays
	rm -rf .venv ros2_ws/build ros2_ws/install ros2_ws/log .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
