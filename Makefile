# .venv holds what a user installs: the server alone. .venv-dev holds the trainer and the tools as well, .venv-e2e the
# server and its extra for names at the cursor.
# scripts/venv.sh finds Python, installs, and does nothing when nothing changed.

VENV := .venv
DEV := .venv-dev
ARGS ?=
# Test files run beside each other on this many processes.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo test test-transformers5 e2e e2e-full record check fmt bench lock clean vsix extension-check

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Install the server alone and score the example file
	@scripts/venv.sh $(VENV)
	@$(VENV)/bin/codeodds score examples/demo.py --model models/default

test: ## Install the test extra and run all tests (ARGS="-k name" for some)
	@scripts/venv.sh $(DEV) test
	@$(DEV)/bin/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-transformers5: ## Run the tests of training with transformers 5
	@scripts/venv.sh $(DEV) test
	@scripts/transformers5.sh $(DEV) $(ARGS)

e2e: ## Drive the packaged extension in a real VS Code (ARGS=pattern for some, SCREENSHOTS=1 for the pictures)
	@SCREENSHOTS=$(SCREENSHOTS) scripts/e2e.sh test $(ARGS)

e2e-full: ## Drive the full package, with libraries and model, in a fresh profile with nothing set (some minutes)
	@scripts/e2e.sh full

record: ## Record what VS Code sends to the server, for the server's tests and the benchmark
	@scripts/e2e.sh record

check: ## Formatter, linter, type checker; changes nothing
	@scripts/venv.sh $(DEV) test
	@$(DEV)/bin/ruff format --check --quiet || { $(DEV)/bin/ruff format --check; exit 1; }
	@$(DEV)/bin/ruff check --quiet
	@$(DEV)/bin/mypy

fmt: ## Format, and repair what the linter can
	@scripts/venv.sh $(DEV) test
	@$(DEV)/bin/ruff check --fix --quiet || true
	@$(DEV)/bin/ruff format

extension-check: ## Formatter, linter and type checker of the VS Code extension
	@scripts/extension.sh check

vsix: ## Package the VS Code extension, full and slim, into dist/
	@scripts/vsix.sh

bench: ## Measure speed and memory of the default bundle
	@scripts/venv.sh $(DEV) test
	@$(DEV)/bin/python bench/run.py $(ARGS)

lock: ## Write constraints.txt anew from the ranges in pyproject.toml
	@scripts/lock.sh

clean: ## Remove the environments and all caches
	@rm -rf $(VENV) $(DEV) .venv-e2e .mypy_cache .ruff_cache .pytest_cache .hypothesis
