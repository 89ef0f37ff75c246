# The two commands of the README are `make demo` and `make test`; both do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := sandbox,keyring,httpx,wasm,checks,parquet,dask,rerun,cloud,pandaset,ros,zod,mcp
PYTEST_ARGS ?=
# Tests start hundreds of interpreters. None should compile its modules again, whatever the environment says: uv
# installs packages without bytecode, and images of containers often forbid to write it.
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
MARKDOWN := README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md $(wildcard docs/*.md docs/*/*.md)

.PHONY: train-example conformance demo test quick check house fmt docs links pages pictures viewer bench bench-transfers bench-viewer browsers bench-annotations bench-recording soak fuzz fuzz-coverage mutations calibration-report audit clean

demo: $(STAMP) viewer
	@$(BIN)/python -m kognic.sandbox.demo --page .cache/demo.html $(if $(SCENE),--scene "$(SCENE)") $(if $(VIEW),--open)

# Three workers for two cores: tests wait for servers, timers and browsers almost half of the time.
test: $(STAMP) viewer
	$(BIN)/python -m pytest -n 3 --dist loadgroup $(PYTEST_ARGS)

# All but the tests of more than half a second, with few examples for each property, and without the suites that
# try many cases of one kind or need a browser: under two minutes.
LONG_SUITES := conformance interop fuzz wire documented_api scenes/checks/mutations viewer/browser build_backend
quick: $(STAMP) viewer
	HYPOTHESIS_PROFILE=quick $(BIN)/python -m pytest -n 2 --dist loadgroup \
	  -m "not slow and not interop and not exhaustive" $(LONG_SUITES:%=--ignore tests/%) $(PYTEST_ARGS)

# How the package is built, in figures; HOUSE_ARGS=--details shows the places behind them.
house: $(STAMP)
	@$(BIN)/python .ci/house.py $(HOUSE_ARGS)

check: $(STAMP) viewer
	$(BIN)/python build_backend/bundle.py --check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r kognic
	$(BIN)/python .ci/audit.py --lenient
	$(BIN)/python .ci/house.py --check --quick
	$(BIN)/codespell
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html
	$(BIN)/python .ci/links.py docs/_build/html $(MARKDOWN)

# The bundle of web/, again if its sources changed. Without npm's registry it is left out, with a warning.
viewer: $(STAMP)
	@$(BIN)/python build_backend/bundle.py

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Links to other hosts, too; needs a network, and says nothing of the code.
links: $(STAMP)
	$(BIN)/sphinx-build -q -b linkcheck docs docs/_build/links

docs: $(STAMP)
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

# Writes what docs/ has from the code: errors, rules, operations, tools, and differences to the official client.
pages: $(STAMP)
	$(BIN)/python -m tests.docs.pages

# Draws the pictures of docs/concepts.md again; needs Graphviz (on Debian: apt-get install graphviz).
pictures: $(STAMP)
	$(BIN)/uv run --no-project --with matplotlib docs/images/concepts/draw.py

# uv resolves and unpacks in seconds what pip needs minutes for; pip stays the way in.
$(STAMP): pyproject.toml setup.cfg build_backend/generated.py build_backend/official_paths.txt
	@echo "Installing into $(VENV); the first time takes about half a minute" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "python3 cannot make virtual environments here; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --config-setting editable_mode=compat \
	  --group test --group check --editable ".[$(EXTRAS)]"
	@touch $@

# Trains for one step on the CPU, in an environment of its own: PyTorch is not part of the usual one.
train-example: .venv-train/.installed
	.venv-train/bin/python docs/examples/train_one_step.py

.venv-train/.installed: pyproject.toml
	@test -x .venv-train/bin/python || $(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[sandbox,torch,datasets]" \
	  "pytest>=8.2"
	@touch $@

# Every method, every request and every fault, and again with all delays of the sandbox on: a quarter of an hour.
conformance: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m "exhaustive or not exhaustive" tests/conformance $(PYTEST_ARGS)

bench: $(STAMP)
	$(BIN)/python -m benchmarks.run $(BENCH_ARGS)

# Uploads, downloads and scenes beside curl, with nginx as storage, five rounds: the table in docs/performance.md.
# On Debian: apt-get install --no-install-recommends nginx-light libnginx-mod-http-lua curl
bench-transfers: $(STAMP)
	$(BIN)/python -m benchmarks.run --transfers --rounds 5 $(BENCH_ARGS)

# First picture, frames per second, sizes and memory of the viewer, in Chromium.
bench-viewer: $(STAMP) viewer
	$(BIN)/python -m benchmarks.viewer $(BENCH_ARGS)

# The viewer in Firefox and WebKit; on Debian: apt-get install firefox-esr webkit2gtk-driver xvfb
browsers: $(STAMP) viewer
	$(BIN)/python -m pytest -n 0 -m exhaustive -rP tests/viewer/browser/test_others.py $(PYTEST_ARGS)

# A million cuboids as tables: time and memory.
bench-annotations: $(STAMP)
	$(BIN)/python -m benchmarks.annotations $(BENCH_ARGS)

# A bag of a minute through import, check, view, upload and export: time and memory of each command.
bench-recording: $(STAMP) viewer
	$(BIN)/python -m benchmarks.recording $(BENCH_ARGS)

# Bulk creation and export under a mix of all faults for MINUTES, then the nights of benchmarks/night: outages of
# so many seconds, kills, a Dask cluster, one seed twice. The exit status is the verdict; all of it takes about
# an hour. "make soak MINUTES=0 OUTAGES=60 KILLS= DASK_SCENES=" runs one outage and nothing else.
OUTAGES ?= 60 170 600
KILLS ?= 30
DASK_SCENES ?= 2000
soak: $(STAMP)
	$(if $(filter-out 0,$(or $(MINUTES),10)),$(BIN)/python benchmarks/soak.py --minutes $(or $(MINUTES),10) $(SOAK_ARGS))
	$(if $(OUTAGES),$(BIN)/python -m benchmarks.night outage --seconds $(OUTAGES))
	$(if $(KILLS),$(BIN)/python -m benchmarks.night kills --kills $(KILLS))
	$(if $(KILLS),$(BIN)/python -m benchmarks.night seeded)
	$(if $(DASK_SCENES),$(BIN)/python -m benchmarks.night dask --scenes $(DASK_SCENES))

# Every property test again, with many more cases than in make test; FUZZ_ARGS="-k journal" chooses some.
fuzz: $(STAMP)
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n 2 -m hypothesis $(FUZZ_ARGS)

# The parsers again, by coverage, MINUTES for each; FUZZ_ARGS="PCD journal" chooses some.
fuzz-coverage: $(STAMP)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group fuzz
	$(BIN)/python -m tests.fuzz.coverage --seconds $$(( $(or $(MINUTES),1) * 60 )) $(FUZZ_ARGS)

# Every classic calibration mistake in every camera of the recordings; make test tries a choice of them.
mutations: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m exhaustive -rP tests/scenes/checks/mutations $(PYTEST_ARGS)

# What the calibration check detects and how often it is wrong, on synthetic rigs or on recordings in FOLDERS.
calibration-report: $(STAMP)
	nice $(BIN)/python -m benchmarks.calibration.report $(FOLDERS) $(REPORT_ARGS)

# As in make check, but it fails if PyPI's advisories cannot be had, as with a mirror that lacks them.
audit: $(STAMP)
	$(BIN)/python .ci/audit.py

clean:
	rm -rf $(VENV) .cache .tox .mypy_cache .ruff_cache docs/_build web/node_modules kognic/viewer/static
