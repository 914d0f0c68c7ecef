# One command each; HACKING.md says when to use which.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SHIM   := src/joblet/bin/joblet-shim
STAMP  := $(VENV)/.installed

.PHONY: demo dev check format test test-vm test-shim-asan bench proto docs pictures pyright clean shim

demo: dev
	$(BIN)/python demo/demo.py

# Bytecode as pip gives it to a wheel, for start-up time: PYTHONDONTWRITEBYTECODE may be set.
dev: $(STAMP) $(SHIM)
	@$(BIN)/python -m compileall -q src

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

shim: $(SHIM)
$(SHIM): $(wildcard shim/*.c shim/*.h shim/freestanding/*.c) shim/build.sh
	sh shim/build.sh $@

check: dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python generate.py --check

format: dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

T ?= tests
test: check
	$(BIN)/pytest $(T)

# What needs systemd and pure cgroup v2, in throw-away guests.
test-vm: dev
	tests/vm/start.sh

# The shim's tests once more, on a build that finds what C forgives.
test-shim-asan: dev
	sh shim/build.sh build/joblet-shim-asan -fsanitize=address,undefined -fno-sanitize-recover=all
	JOBLET_SHIM=$(CURDIR)/build/joblet-shim-asan $(BIN)/pytest tests/shim

# Reports ratios, and never fails because a machine is slow.
bench: dev
	$(BIN)/python bench/start.py
	$(BIN)/python bench/rpc.py
	$(BIN)/python bench/cli.py
	$(BIN)/python bench/monitor.py

proto: dev
	$(BIN)/python generate.py proto

docs: dev
	$(BIN)/python generate.py docs

# Real jobs, so as root. One changes when what it shows has changed: look at it before it is committed.
pictures: dev
	$(BIN)/python docs/pictures.py

# The public types once more, by the other checker. It brings a whole Node.js, so it has an environment of its own.
pyright: dev
	$(PYTHON) -m venv build/pyright
	build/pyright/bin/python -m pip install --quiet basedpyright
	build/pyright/bin/basedpyright --pythonpath $(BIN)/python

clean:
	rm -rf $(VENV) build dist src/joblet/bin
