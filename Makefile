# The commands of the repository. `make run` and `make test` do all their own set-up.
VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
BENCH_SCALE ?= small
WORKERS ?= auto

.PHONY: run test check bench screenshots clean lock migrations translations format

run: $(VENV)/.ready            ## the whole product on http://127.0.0.1:8000, with live sources
	@$(PY) tools/run.py

test: $(VENV)/.ready-dev       ## everything; make test ARGS="-k name"
	@$(PY) tools/translations.py compile
	@$(PY) tools/browser.py
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist loadgroup $(ARGS)

check: $(VENV)/.ready-dev      ## format, lint, types, imports, migrations, templates, translations
	@echo "Format and lint";   ruff format --check . && ruff check .
	@echo "Types";             mypy config connectors inbox
	@echo "Import contracts";  lint-imports --no-logo
	@echo "Migrations";        $(PY) manage.py makemigrations --check --dry-run
	@echo "Templates";         djlint templates --lint --quiet
	@echo "Translations";      $(PY) tools/translations.py check
	@echo "All checks passed"

bench: $(VENV)/.ready-dev      ## BENCH_SCALE=small|full
	@$(PY) -m benchmarks --scale $(BENCH_SCALE)

screenshots: $(VENV)/.ready-dev ## every page at three sizes, light and dark, into docs/screenshots/
	@$(PY) tools/translations.py compile
	@$(PY) -m tools.screenshots $(ARGS)

clean:                         ## remove everything that the commands made, the data of the demonstration included
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find locale -name '*.mo' -delete

format: $(VENV)/.ready-dev
	ruff format . && ruff check --fix .

migrations: $(VENV)/.ready-dev
	$(PY) manage.py makemigrations inbox

translations: $(VENV)/.ready-dev ## collect new strings into locale/
	$(PY) tools/translations.py update

lock: $(VENV)/.uv              ## after changing requirements*.in
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.lock
	$(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.lock

$(VENV)/.uv:
	@echo "Making the virtual environment"
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@touch $@

# The development set contains the run-time set, so a tree that has it is not stripped down again by `make run`.
$(VENV)/.ready: requirements.lock | $(VENV)/.uv
	@echo "Installing what the product needs"
	@if [ -e $(VENV)/.ready-dev ]; then $(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements-dev.lock; \
	 else $(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements.lock; fi
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock | $(VENV)/.uv
	@echo "Installing what the product, its tests and its checks need"
	@$(UV) pip sync --quiet --compile-bytecode --python $(PY) --require-hashes requirements-dev.lock
	@touch $@ $(VENV)/.ready
