# The course from the command line. `make help` lists the targets; each sets up what it needs in .venv.

ifeq ($(wildcard tools/environment.sh),)
$(error Run make in the course's own folder: there is no tools/environment.sh here)
endif

# CH, ALL, REPO, PORT, PYTHON… reach the tools as environment variables: no shell reads what they hold.
VENV_PYTHON := .venv/bin/python
STAMPS := .venv/.stamps
PIP_INSTALL := $(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check
JUPYTER_BOOK := $(VENV_PYTHON) -c "from jupyter_book.cli.main import main; main()"

# Two files at a time: a chapter's kernel has about one core's worth of work. ARGS="-n 0" for one.
PYTEST := $(VENV_PYTHON) -m pytest -q -n 2 -p tests.progress -o console_output_style=classic -rfE \
	--disable-warnings
TESTS := tests

# It asks nobody for news, updates or extensions; root may run it, for it serves this machine alone.
LAB_SETTINGS := --LabApp.default_url=/lab/tree/chapters --LabApp.extension_manager=readonly \
	--LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
	--ServerApp.allow_root=True

# The packages of the chapters and tests: the newest, the oldest that we support, or the pinned.
ifdef NEWEST
ALL_PACKAGES := --upgrade --group all
else ifdef OLDEST
ALL_PACKAGES := -r requirements-oldest.txt
else
ALL_PACKAGES := -r requirements.txt
endif

# What the pages are made of: a change to any of these, or one more or less, builds the book anew.
BOOK_INPUTS := $(sort $(wildcard _config.yml _toc.yml index.md references.bib tools/markup.py tools/ties.py) \
	$(shell find pages chapters sources _ext _static _vendor utils -type f \
		-not -path '*/__pycache__/*' -not -path '*/.*' 2>/dev/null))

.DELETE_ON_ERROR:
.PHONY: help book pdf serve test test-fast lab named freeze studies plants fresh words notebooks boundary check bench \
	adopt pins clean FORCE

help: ## list the targets (the default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

book: _build/.book ## build the book from the stored notebooks, warnings as errors (no TensorFlow)
	@echo "The book: $$(pwd)/_build/html/index.html  (make serve shows it on localhost)"

pdf: book $(STAMPS)/pdf ## print each chapter and the whole book, with a Chromium, and offer the files on the pages
	@$(VENV_PYTHON) -m tools.chromium
	@$(VENV_PYTHON) -m tools.pdf

serve: book ## show the book on http://localhost:8000 (PORT=… for another)
	@$(VENV_PYTHON) -m tools.serve

test: _build/.book $(STAMPS)/all ## run every test, each chapter once (TESTS=tests/unit: some of them)
	@$(VENV_PYTHON) -m tools.chromium
	@$(PYTEST) $(TESTS) $(ARGS)

test-fast: $(STAMPS)/all ## run, in a few minutes, the tests that need neither chapter nor browser
	@$(PYTEST) -m "not slow" $(TESTS) $(ARGS)

lab: $(STAMPS)/lab ## open the chapters in JupyterLab
	@TF_CPP_MIN_LOG_LEVEL=3 $(VENV_PYTHON) -m jupyterlab $(LAB_SETTINGS) $(ARGS)

# Before minutes of set-up.
named:
	@set -f; IFS=' ,'; for slug in $$CH; do if [ ! -d "sources/$${slug%%/*}" ]; then set +f; \
		echo "There is no sources/$$slug/. There are:"; ls -d sources/*/; exit 1; fi; done >&2

freeze: named $(STAMPS)/check ## freeze the plans of claims before anything is run (CH=slug: that chapter's)
	@$(VENV_PYTHON) -m tools.freeze

studies: named $(STAMPS)/all ## measure what takes longer than a page may (CH=slug or slug/study; BACKEND=dask ADDRESS=…)
	@$(VENV_PYTHON) -m tools.studies

notebooks: named $(STAMPS)/all ## execute the stale chapters (CH=slug: that one; ALL=1: every one)
	@$(VENV_PYTHON) -m tools.notebooks

plants: named $(STAMPS)/all ## prove that planted faults turn their verdicts (CH=slug: that chapter's; ALL=1: anew)
	@$(VENV_PYTHON) -m tools.plants

fresh: named $(STAMPS)/all ## run chapters with other seeds: which words move? (CH=slug SEEDS="31337 62674" INSTRUCTIONS=1 STUDIES=1)
	@$(VENV_PYTHON) -m tools.fresh

words: $(STAMPS)/all ## the same for all chapters, three sets of seeds and other instructions: benchmarks/words.md
	@$(VENV_PYTHON) -m tools.words

boundary: $(STAMPS)/all ## train the net of the page on the boundary of training: its figure, its lab's data
	@$(VENV_PYTHON) -m tools.boundary

check: $(STAMPS)/check ## lint, types, spelling, drift, tags, alt text, ledger, toc, links: no TensorFlow
	@$(VENV_PYTHON) -m tools.check

bench: $(STAMPS)/all .venv-bench/.stamp ## time the engine beside fit, JAX and torch; test the doctor
	$(VENV_PYTHON) -m benchmarks.population
	$(VENV_PYTHON) -m benchmarks.doctor

adopt: $(STAMPS)/check ## stamp a fork's address everywhere: REPO=https://github.com/owner/name
	@$(VENV_PYTHON) -m tools.adopt

pins: $(STAMPS)/python ## compile the requirements from pyproject.toml (UPGRADE=1: to the newest)
	$(PIP_INSTALL) uv
	$(VENV_PYTHON) -m tools.pins $(if $(UPGRADE),--upgrade)

clean: ## remove the built book, caches and .venv
	rm -rf _build .venv .venv-bench .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find utils tools tests _ext benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# Set-up. The sets contain each other and are installed one after the other, also under -j.
# NEWEST=1 and OLDEST=1, in a fresh checkout, take other versions than the pins.

$(STAMPS)/python: FORCE
	@sh tools/environment.sh

$(STAMPS)/book: requirements-book.txt $(STAMPS)/python
	@echo "Installing what the book needs into .venv"
	@$(if $(NEWEST),$(PIP_INSTALL) --upgrade pip)
	@$(PIP_INSTALL) $(if $(NEWEST),--upgrade --group book,-r requirements-book.txt)
	@touch $@

$(STAMPS)/check: requirements.txt $(STAMPS)/book
	@echo "Installing what the checks need into .venv"
	@$(PIP_INSTALL) $(if $(NEWEST),--upgrade --group check,--constraint requirements.txt jupytext matplotlib mypy numpy rich ruff \
		types-docutils types-pyyaml typos)
	@touch $@

$(STAMPS)/pdf: requirements.txt $(STAMPS)/check
	@echo "Installing what printing needs into .venv"
	@$(PIP_INSTALL) --constraint requirements.txt beautifulsoup4 playwright
	@touch $@

$(STAMPS)/all: requirements.txt $(STAMPS)/check
	@echo "Installing everything that the chapters and tests need into .venv: a gigabyte to download," \
		"three on disk; nothing more is said for some minutes"
	@$(PIP_INSTALL) $(ALL_PACKAGES)
	@touch $@

$(STAMPS)/lab: requirements-lab.txt $(STAMPS)/all
	@echo "Installing JupyterLab into .venv"
	@$(PIP_INSTALL) -r requirements-lab.txt
	@touch $@

# The benchmark's rivals live apart: the course itself needs neither JAX nor torch.
.venv-bench/.stamp: benchmarks/requirements.txt $(STAMPS)/python
	@echo "Installing JAX and torch, for the benchmark alone, into .venv-bench"
	@$(VENV_PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

_build/.inputs: FORCE
	@mkdir -p _build
	@printf '%s\n' $(BOOK_INPUTS) | cmp -s - $@ || printf '%s\n' $(BOOK_INPUTS) > $@

# Always from scratch: an incremental build would not repeat the warnings of pages that it skips.
_build/.book: $(BOOK_INPUTS) _build/.inputs $(STAMPS)/book
	@echo "Building the book"
	@$(JUPYTER_BOOK) build --all --warningiserror --keep-going --quiet . > _build/log.txt \
		|| { cat _build/log.txt; exit 1; }
	@touch $@
