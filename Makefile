# Everything runs in an environment of its own, made on first use in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= config/demo.yaml
CORES ?= all
FUZZ_CASES ?= 2000
FUZZ_SEED ?= 0
# The pinned set, for results that can be made again; `CONSTRAINTS=` takes the newest instead.
CONSTRAINTS ?= envs/constraints.txt
PIP_CONSTRAINT_FLAG := $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

.DEFAULT_GOAL := help
.PHONY: help run test pytest test-cluster test-lowest lint pages fuzz drills clean

help:
	@echo "make run     simulate, train and report: config/demo.yaml, or CONFIG=..."
	@echo "make test    lint, type checks and all tests"
	@echo "make test-lowest    all tests with the lowest versions that pyproject.toml allows (6 GB)"
	@echo "make test-cluster   the workflow and its failures on a Slurm of its own; as root, on Debian"
	@echo "make fuzz    read damaged and hostile files: FUZZ_CASES=2000, FUZZ_SEED=0"
	@echo "make drills  kill, starve and damage small runs: the table of docs/failures.md (an hour)"
	@echo "make pages   write the tables of docs/ and config/schema.json that come from the code"
	@echo "make clean   remove the environments; results stay"

run: $(VENV)/run.done
	PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores $(CORES) --configfile $(CONFIG)

test: lint pytest

pytest: $(VENV)/test.done
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 pytest -n auto --dist loadgroup

test-lowest:
	$(PYTHON) -m tests.lowest > $(VENV)-lowest.txt
	$(MAKE) pytest VENV=$(VENV)-lowest CONSTRAINTS=$(VENV)-lowest.txt

test-cluster: $(VENV)/cluster.done
	PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS=1 pytest tests/cluster

lint: $(VENV)/test.done
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy

pages: $(VENV)/test.done
	$(BIN)/python -m tests.pages

fuzz: $(VENV)/test.done
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.fuzz --cases $(FUZZ_CASES) --seed $(FUZZ_SEED)

drills: $(VENV)/test.done
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.drills

$(VENV)/run.done: pyproject.toml envs/constraints.txt | $(VENV)/python.done
	$(BIN)/pip install --quiet $(PIP_CONSTRAINT_FLAG) --editable ".[generate,exchange,convert,workflow,train]"
	touch $@

$(VENV)/test.done: pyproject.toml envs/constraints.txt | $(VENV)/python.done
	$(BIN)/pip install --quiet $(PIP_CONSTRAINT_FLAG) --editable ".[generate,exchange,convert,workflow,train,export,test]"
	touch $@ $(VENV)/run.done

$(VENV)/cluster.done: $(VENV)/test.done
	$(BIN)/pip install --quiet $(PIP_CONSTRAINT_FLAG) --editable ".[slurm,htcondor]"
	touch $@

$(VENV)/python.done:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "rs3l needs Python 3.11 or newer; $$($(PYTHON) --version) found. Try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-lowest.txt
