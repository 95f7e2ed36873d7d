# make reproduce   install everything into .venv and run the reproduction, from data to report
# make test        install what is missing and run the tests
# make install     create the environment only
# make smoke       everything once in tiny runs, in three minutes
# make figures     every figure, table and page from the published results, in a minute: build/published/report/site
# make gpu         on a machine with CUDA, torch and numpy: measure what the report shows of a GPU, in eight minutes
# make archive     all results with code and provenance as one file: report/archive.zip
# make faults      disturb, damage and kill real runs, and compare what the same command then makes: docs/faults.md
# make slurm       the smoke pipeline on a Slurm cluster that is this machine alone (root, Debian's slurm-wlm and munge)
# make lint        style of the code and of the workflow

PYTHON ?= python3
VENV := .venv
ACTIVATE := . $(VENV)/bin/activate &&
SUPPORTED := (3, 11) <= sys.version_info < (3, 14)

.PHONY: reproduce test install smoke figures gpu archive faults slurm lint

reproduce: install
	$(ACTIVATE) snakemake --cores all

test: install
	$(ACTIVATE) pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; $(SUPPORTED) or sys.exit("Python 3.11 to 3.13 is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(ACTIVATE) python -m pip install --constraint constraints.txt --editable '.[test]'
	touch $@

smoke: install
	$(ACTIVATE) snakemake --cores all --configfile config/smoke.yaml

figures: install
	$(ACTIVATE) forwardgrad redraw

# Installs nothing and needs no network. The folder goes to where the reproduction is run, to the same place.
gpu:
	PYTHONPATH=src $(PYTHON) -m forwardgrad gpu --output results/gpu

archive: reproduce
	$(ACTIVATE) snakemake --report report/archive.zip

faults: install
	$(ACTIVATE) nice pytest faults --numprocesses auto
	$(ACTIVATE) python -m faults.table

slurm: install
	$(ACTIVATE) python -m pip install snakemake-executor-plugin-cluster-generic==1.0.9
	$(ACTIVATE) pytest slurm -s

lint: install
	$(ACTIVATE) ruff check .
	$(ACTIVATE) ruff format --check .
	$(ACTIVATE) snakefmt --check Snakefile workflow
	$(ACTIVATE) snakemake --lint
