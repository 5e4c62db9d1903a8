# Every target sets up what it needs first (tools/bootstrap.py) and does nothing twice. ARGS passes options on:
#   make demo ARGS="--port 9000"     make test ARGS="tests/domains/orders -x"
SHELL := /bin/sh
PYTHON3 ?= python3
BOOTSTRAP := $(PYTHON3) tools/bootstrap.py
LONG := tests/races/test_pairs.py tests/races/test_one_key.py tests/races/test_money.py tests/flows/test_webhook_storm.py \
	tests/contracts/test_webhook_bytes.py tests/domains/reports/test_at_scale.py
.PHONY: help demo test races check bench torture fix docs assets lock screenshots clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: ## run a coffee chain on this machine
	@$(BOOTSTRAP) --assets -- -m bottega demo $(ARGS)

test: ## run all tests
	@$(BOOTSTRAP) --dev --assets --browser -- -m pytest $(ARGS)

races: ## the big numbers of docs/reliability.md: some minutes
	@LONG_TESTS=1 $(BOOTSTRAP) --dev -- -m pytest -n0 -s -q $(LONG) $(ARGS)

check: ## format, lint, types, imports, house rules: under a minute
	@$(BOOTSTRAP) --dev --modules -- tools/check.py $(ARGS)

bench: ## measure on this machine, print a table, write bench-results/
	@$(BOOTSTRAP) --dev --assets -- -m bottega bench $(ARGS)

torture: ## ten minutes of faults on everything, then every cent and every order is looked for (ARGS="--seed 7")
	@$(BOOTSTRAP) --dev --assets -- -m bottega torture $(ARGS)

fix: ## mend what ruff can mend, and format
	@$(BOOTSTRAP) --dev -- tools/check.py --fix

docs: ## write docs/reference anew from the code
	@$(BOOTSTRAP) --dev -- tools/reference.py $(ARGS)

assets: ## build the pages' scripts and styles
	@$(BOOTSTRAP) --assets

lock: ## lock the dependencies anew, with hashes and without addresses (UPGRADE=1 takes the newest)
	@$(BOOTSTRAP) --dev -- tools/lock.py $(if $(UPGRADE),--upgrade)

screenshots: ## take the pictures of the README
	@$(BOOTSTRAP) --dev --assets --browser -- tools/screenshots.py $(ARGS)

clean: ## remove what the targets made; the shop's data stays
	@rm -rf .venv frontend/node_modules src/bottega/infra/web/static dist build bench-results
	@rm -f src/bottega/sandbox/elements/fonts/*.woff2
	@rm -rf .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
