# `make report` builds the reports of this workspace, `make test` runs every test; both set up what they need first.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
DRAWS ?= 200

.PHONY: report test test-heavy check fmt docs lock clean help

help: ## This list.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'

report: $(VENV)/report.stamp ## Build the latest quarter's reports: PDF and HTML.
	@$(BIN)/reportkit build

test: $(VENV)/test.stamp ## All tests but the heavy ones: linters, types, import map, notebooks and README among them.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadscope -m "not heavy"

test-heavy: $(VENV)/heavy.stamp ## The heavy tests: Spark, kills, files larger than memory.
	$(BIN)/python -m pytest -m heavy

check: $(VENV)/test.stamp ## Linters, types and the import map alone.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/test.stamp ## Lay the code out.
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/report.stamp ## Write the pages of docs that are made from declarations.
	@$(BIN)/reportkit needles --markdown > docs/needles.md
	@$(BIN)/reportkit entities --markdown > docs/entities.md

# CausalImpact lives in an environment of its own, where it installs; nothing else needs it.
calibration: $(VENV)/test.stamp ## How often the evidence errs, beside the usual methods; draws docs/calibration.png.
	@$(PYTHON) -m venv build/causal-impact && build/causal-impact/bin/pip install --quiet bsts-causalimpact==1.7.0 || echo "CausalImpact does not install here; going on without it."
	$(BIN)/python benchmarks/calibration.py $(DRAWS) --picture docs/calibration.png --causal-impact build/causal-impact/bin/python

# The locks name versions and hashes, and no place to get them from. Each holds the versions of the one before it.
lock: ## Lock the newest versions that pyproject.toml allows.
	@$(PYTHON) -m venv --clear build/lock && build/lock/bin/pip install --quiet uv
	@printf 'hatchling\neditables\n' | $(LOCK) --output-file requirements.lock pyproject.toml -
	@printf 'hatchling\neditables\n' | $(LOCK) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml -
	@printf 'hatchling\neditables\nsetuptools\n' | $(LOCK) --extra dev --extra spark --constraint requirements-dev.lock --output-file requirements-heavy.lock pyproject.toml -

LOCK = build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean: ## Remove the virtual environment, caches and scratch; reports and extracts stay.
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/report.stamp: requirements.lock pyproject.toml tools/setup
	@tools/setup "$(PYTHON)" $(VENV) requirements.lock
	@touch $@

$(VENV)/test.stamp: requirements-dev.lock $(VENV)/report.stamp
	@tools/setup "$(PYTHON)" $(VENV) requirements-dev.lock
	@touch $@

$(VENV)/heavy.stamp: requirements-heavy.lock $(VENV)/test.stamp
	@tools/setup "$(PYTHON)" $(VENV) requirements-heavy.lock
	@touch $@
