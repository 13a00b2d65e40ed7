# The only entry. Every target works on a machine with nothing but Python 3.11 or newer, pip, git and make.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CHECKED := src tests examples benchmarks chaos scripts
OLDEST := .venv-oldest

# Hundreds of processes import what is here: compiled once, not by each of them.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test oldest check docs bench chaos format coverage constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## run the demonstration: real data, live progress, a worker killed half-way
	$(BIN)/coatcheck demo

test: $(INSTALLED) ## run the whole test suite
	$(BIN)/python -m pytest -n auto --dist worksteal

# What is this old may warn of what is new around it, and leave for the collector what it closes today.
oldest: $(INSTALLED) ## run the tests that meet our dependencies, with the oldest of them that we allow
	$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(OLDEST)
	$(BIN)/uv pip install --quiet --python $(OLDEST) --resolution lowest-direct --editable '.[all]' --group test
	$(OLDEST)/bin/python -m pytest -n auto -W default::DeprecationWarning -W default::pytest.PytestUnraisableExceptionWarning \
		$(addprefix tests/,operations wire store push http integrations client cli demo)

check: $(INSTALLED) coverage ## format, lint, types, floors, licences, branches of the domain
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m scripts.licences

docs: $(INSTALLED) ## build the documentation's site into build/site
	$(BIN)/zensical build --strict --clean

bench: $(INSTALLED) ## measure, beside a control and a bound
	$(BIN)/python -m benchmarks

# Without the fence the storm must find something.
chaos: $(INSTALLED) ## kill, freeze and restart a real service at random for some minutes, and check what is left
	$(BIN)/python -m chaos kill9
	! $(BIN)/python -m chaos kill9 --jobs 500 --kills 20 --stops 10 --sabotage fence
	$(BIN)/python -m chaos kill9 --store postgresql --jobs 2000 --kills 100 --stops 20
	! $(BIN)/python -m chaos kill9 --store postgresql --jobs 500 --kills 20 --stops 10 --sabotage fence
	$(BIN)/python -m chaos keys
	$(BIN)/python -m chaos keys --store postgresql
	$(BIN)/python -m chaos restarts
	$(BIN)/python -m chaos bodies --size 1GiB
	$(BIN)/python -m chaos bodies --size 1GiB --store postgresql
	$(BIN)/python -m chaos deliveries
	$(BIN)/python -m chaos deliveries --store postgresql
	$(BIN)/python -m chaos streams
	$(BIN)/python -m chaos rescue

format: $(INSTALLED) ## format the code and mend what can be mended
	$(BIN)/ruff format $(CHECKED)
	$(BIN)/ruff check --fix $(CHECKED)

coverage: $(INSTALLED) ## prove that the domain's tests take every branch of it
	$(BIN)/coverage run --data-file=$(VENV)/coverage -m pytest -q tests/domain
	$(BIN)/coverage report --data-file=$(VENV)/coverage --include='src/coatcheck/domain/*' --fail-under=100

constraints: $(INSTALLED) ## take the newest versions of all dependencies
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --universal --upgrade --quiet \
		--no-header --no-annotate --output-file constraints.txt

clean: ## remove whatever these targets made
	rm -rf $(VENV) $(OLDEST) build dist .cache .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Installed once, and again when what is to be installed has changed. Falls back on pip where uv cannot reach a registry
# that pip is set up for.
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip uv
	$(BIN)/uv pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev \
		|| $(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	@touch $@

$(BIN)/python:
	@sh scripts/venv.sh $(VENV)
