# `make help` lists what there is; every target sets the project up first where that is needed.

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint clean

PYTHON := .venv/bin/python
SETUP := .venv/.finished

# Golden vectors and real images of the developers; the tests that need them are skipped elsewhere.
TESTDATA := $(or $(CENTERNET_TF_TESTDATA),$(shell cd ../shared/golden 2>/dev/null && cd .. && pwd))

# Test files run side by side, one for each core; more than four would need more than 8 GiB.
WORKERS ?= $(shell n=$$(nproc); echo $$((n < 4 ? n : 4)))

# The slow tests train and export whole detectors: SLOW=1, or on a CI machine. SLOW=all adds the
# nightly ones, which do so for every detector, backbone and option; they would take CI over its time.
SLOW ?= $(if $(filter true 1,$(CI)),1)

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

setup: $(SETUP) ## make .venv with Python 3.11 and the packages of constraints.txt
	@echo "setup: .venv is ready"

demo: $(SETUP) ## the whole job on drawn images: data, training, evaluation, export, a page of results
	@$(PYTHON) -m pipelines.demo --output_dir=runs/demo

test: $(SETUP) ## the fast tests; SLOW=1 adds the slow ones, SLOW=all the nightly ones, ARGS="-k peaks" goes to pytest
	@CENTERNET_TF_TESTDATA="$(TESTDATA)" $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile \
	  $(if $(filter all,$(SLOW)),,-m "$(if $(filter-out 0,$(SLOW)),not nightly,not slow)") $(ARGS)

lint: $(SETUP) ## ruff check and ruff format --check
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .

clean: ## remove .venv, runs/demo and what tools left behind
	rm -rf .venv runs/demo build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

$(SETUP): setup.cfg constraints.txt .ci/setup
	@.ci/setup
