# make run and make test each do all their set-up in a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: run test test-kernels lint bench soak shots clean

run: $(VENV)/run.done
	$(BIN)/python -m app $(ARGS)

test: $(VENV)/test.done
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-kernels: $(VENV)/test.done
	$(BIN)/python -m tests.kernels $(ARGS)

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q tests/test_house.py

bench: $(VENV)/bench.done
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(VENV)/test.done
	QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 $(BIN)/python -m tests.soak $(ARGS)

shots: $(VENV)/run.done
	$(BIN)/python -m app --shots $(or $(DIR),shots)

clean:
	rm -rf $(VENV)

$(VENV)/run.done: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit('Textscape needs Python 3.11 or newer' if sys.version_info < (3, 11) else 0)"
	@echo "Setting up $(VENV): a few minutes the first time."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e ".[tsne]" || $(PIP) -e .
	@touch $@

$(VENV)/test.done: $(VENV)/run.done
	$(PIP) -e ".[test,lint]"
	@touch $@

$(VENV)/bench.done: $(VENV)/test.done
	$(PIP) -e ".[bench]" || echo "The peers could not be installed; their rows will be left out."
	@touch $@
