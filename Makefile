# Two commands on a machine with Python 3.11 or later, make and a package index: `make demo` and `make test`.
# The rest is what they are made of. Each virtual environment is made once and again when pyproject.toml changes.

# The first Python that runs and is new enough; a name on the PATH may be a shim with nothing behind it.
PYTHON ?= $(shell for name in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
LOWEST := .venv-lowest
BARE := .venv-bare
PEER_SDK := .venv-peer-sdk
PEER_V1 := .venv-peer-v1
PEER_MODELS := .venv-peer-models
WORKERS ?= 2
CORPUS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test check unit test-peers test-lowest test-bare benchmark benchmark-local format clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.demo-ready  ## classify, route and retrieve the example documents, or CORPUS=folder, with no key
	$(BIN)/python examples/demo.py $(if $(CORPUS),--corpus "$(CORPUS)")

test: check unit  ## every test, type check and lint; CONTRACT=openapi.json also holds the models against that document

check: $(VENV)/.test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: $(VENV)/.test-ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-peers: $(VENV)/.test-ready $(PEER_SDK)/.ready $(PEER_V1)/.ready  ## the official clients, unchanged, against our server
	$(BIN)/python -m tests.peers.run --sdk $(PEER_SDK)/bin/python --v1 $(PEER_V1)/bin/python

benchmark: $(VENV)/.test-ready $(PEER_SDK)/.ready  ## us and the official SDK in turn against our server; CASES=1,3 only some
	$(BIN)/python benchmarks/hosted.py $(if $(CASES),--cases $(CASES))

benchmark-local: $(VENV)/.test-ready $(PEER_MODELS)/.ready  ## the embedded engine beside MiniLM and others; CORPUS=folder, ONLY=table
	$(BIN)/python benchmarks/local.py --corpus "$(or $(CORPUS),examples)" $(if $(ONLY),--only $(ONLY)) \
		--minilm $(PEER_MODELS)/bin/python

# LangChain's standard suites and schemathesis ask for newer versions than our lowest; what pages, programs
# and clients show is run on the newest alone, since it is made of what the other tests run on both; so is what uses
# no library at all.
test-lowest: $(LOWEST)/.ready  ## the tests on the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python -m pytest -n $(WORKERS) --dist loadfile \
		--ignore tests/langchain/test_tool_standard.py --ignore tests/server/test_schemathesis.py \
		--ignore tests/docs --ignore-glob "*/test_benchmarks*" --ignore-glob "*/test_examples*" \
		--ignore tests/peers --ignore tests/langchain/test_ray.py --ignore tests/evaluation \
		--ignore-glob "*/test_kinds*" --ignore-glob "*/test_lexical_*" --ignore-glob "*/test_layout*"

test-bare: $(BARE)/.ready  ## the built wheel alone, with no extra and no development package
	$(BARE)/bin/python tests/bare/smoke.py

format: $(VENV)/.test-ready  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove all that the commands above made
	rm -rf $(VENV) $(LOWEST) $(BARE) $(PEER_SDK) $(PEER_V1) $(PEER_MODELS) dist build *.egg-info .mypy_cache .ruff_cache

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.demo-ready: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[all]"
	touch $@

$(VENV)/.test-ready: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable ".[all]" --group dev --group standard-tests
	touch $@ $(VENV)/.demo-ready

# Each official client, and the models that we are measured beside, in environments of their own, where nothing of ours
# is installed.
$(PEER_SDK)/.ready: tests/peers/sdk.txt
$(PEER_V1)/.ready: tests/peers/v1.txt
$(PEER_MODELS)/.ready: benchmarks/accuracy/models.txt
$(PEER_SDK)/.ready $(PEER_V1)/.ready $(PEER_MODELS)/.ready:
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install --quiet --requirement $<
	touch $@

$(LOWEST)/.ready: pyproject.toml tests/lowest.txt
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(LOWEST)/bin/python -m pip install --quiet --editable ".[all]" --group dev --constraint tests/lowest.txt
	touch $@

$(BARE)/.ready: pyproject.toml README.md $(shell find classify_core llama_index_classify langchain_classify -name '*.py')
	rm -rf $(BARE) dist
	$(PYTHON) -m venv $(BARE)
	$(BARE)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BARE)/bin/python -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(BARE)/bin/python -m pip install --quiet dist/*.whl
	touch $@
