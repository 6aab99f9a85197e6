PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What `make check` leaves out of core's tests: what trains or draws films, reads real ones or every
# kept run, starts processes, or writes databases. `make test` runs all of it, and the pages, the
# browser and the kept runs.
SLOW := training phantom jobs observability model_card serving shortcuts error_analysis imported_runs store \
  test_pipeline.py test_pipeline_views.py
UNIT_TESTS := tests/test_architecture.py tests/core $(SLOW:%=--ignore=tests/core/%)

# What bandit reads: all that runs outside of tests.
CODE := app.py streamlit_app.py core ui pages bench deploy

.PHONY: run check test setup setup-test lint audit clean

run: setup
	$(BIN)/python -m core db migrate
	$(BIN)/streamlit run app.py --server.headless=false

check: setup-test lint  # meant to take less than 90 s on two cores
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not real_films" $(UNIT_TESTS)

test: setup-test lint
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive $(CODE)

audit: setup-test
	$(BIN)/python deploy/audit.py

setup: $(VENV)/.installed

setup-test: $(VENV)/.installed-test

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "First Read needs Python 3.11 to 3.13: install it, or name it with PYTHON=..."; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo "Install the package python3-venv, then run make again."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/.installed-test: requirements.txt requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@for name in chromium chromium-browser google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; $(BIN)/python -m playwright install --with-deps chromium
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
