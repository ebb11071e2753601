# Two commands matter: `make demo` and `make test`. Both set up what they need from a fresh checkout.
#
#   make demo            play the story at high speed, with a live view        SPEED=600  how many times as fast
#   make demo ONCE=1     the same without a terminal; succeeds only if every expectation held
#   make demo BROKER=tls over a broker as `dispenserd broker-config` sets it up; `embedded`: without mosquitto
#   make test            format, lint, types, contracts, tests, the story included
#   make proof SEEDS=200 so many histories of 14 days, with faults and witnesses; SEED=k from this one, TRACE=1 told
#   make siege SEEDS=40   a day of crashes each, hundreds a second of one core
#   make bugs SEEDS=60   does a witness notice each seeded bug, within so many histories?
#   make crash KILLS=100 a real home, killed so often at random and at named points; SEED=k again the same
#   make power           the power cut between any two system calls of a store  STATES=n of each file's life
#   make oncall-day      a day of homes and staff in virtual time, every deadline judged  HOMES=200 SEED=k JSON=1
#   make oncall-hour     on-call in real time, killed, each notice timed  MINUTES=60 SEED=k JSON=1
#   make bench           figures beside their floors, about six minutes         JSON=1 SAMPLES=n QUIET=seconds
#   make contract        schemas, AsyncAPI document and docs/errors.md, from the source  RELEASE=1 record as released
#   make scenarios       every scenario on real processes, one after the other   NAMES="spine one_day"
#   make machines        docs/machines.md: the state machines of the core, drawn from their tables
#   make mutants         the core with one mistake at a time: does a test notice?  MODULE=gate ALL=1 DRAW=2 SURVIVORS=1 JUDGE=1
#   make proof-page      docs/proof.md, from what these five left in build/proof with RESULT=build/proof/name.json
#   make box             what a box is installed from, in build/box (docs/install.md)
#   make install-files DESTDIR=dir   units, udev rule, users, templates; the program itself is not among them
#   make setup | lint | lock | clean

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory

# Debian keeps mosquitto in /usr/sbin, which is not on every user's PATH.
export PATH := $(PATH):/usr/local/sbin:/usr/sbin

SCENARIO ?= spine
SPEED ?=
ONCE ?=
BROKER ?=
JSON ?=
SAMPLES ?=
QUIET ?=
KILLS ?= 100
SEEDS ?=
SEED ?=
DAYS ?=
SEVERITY ?=
SLOT_CHANCE ?=
JOBS ?=
TRACE ?=
STATES ?=
RESULT ?=
RELEASE ?=
MODULE ?=
NAMES ?=
SURVIVORS ?=
ALL ?=
DRAW ?=
JUDGE ?=
HOMES ?= 200
MINUTES ?= 60
RESULTS ?= build/proof
UV ?= uv
ROOMS := dispenserd drivers protocol scheduler simulator
SOURCES := $(ROOMS) tests

.PHONY: help setup demo test proof siege bugs crash power oncall-day oncall-hour bench contract scenarios machines mutants proof-page box install-files
.PHONY: venv lint format lock clean
.NOTPARALLEL:

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@.ci/setup

# For what starts no other program: no broker, no strace.
venv:
	@.ci/setup program

demo:
	@.ci/setup demo
	@.venv/bin/dispenserd simulate $(SCENARIO) $(if $(SPEED),--speed $(SPEED)) $(if $(filter-out 0,$(ONCE)),--once) \
	    $(if $(BROKER),--broker $(BROKER))

# Half of the time is spent in waiting for real processes. Hundreds are started: compiled once, each starts sooner.
test: export PYTHONDONTWRITEBYTECODE :=
test: setup lint
	@echo "== tests"
	@.venv/bin/python -m pytest -n 4 --dist worksteal

# A seed is a history whatever the order of sets may be; a fixed one makes its trace the same to the letter.
proof bugs mutants: export PYTHONHASHSEED := 0
proof: setup
	@.venv/bin/python -m tests.bottle.proof --seeds $(or $(SEEDS),$(if $(SEED),1,200)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(DAYS),--days $(DAYS)) $(if $(SEVERITY),--severity $(SEVERITY)) $(if $(JOBS),--jobs $(JOBS)) \
	    $(if $(SLOT_CHANCE),--slot-chance $(SLOT_CHANCE)) $(if $(filter-out 0,$(TRACE)),--trace) \
	    $(if $(filter-out 0,$(JSON)),--json) $(if $(RESULT),--result $(RESULT))

siege: setup
	@$(MAKE) proof SEEDS=$(or $(SEEDS),40) SEVERITY=siege DAYS=1 SLOT_CHANCE=0.6

bugs: setup
	@.venv/bin/python -m tests.bottle.hunt $(if $(SEEDS),--seeds $(SEEDS)) $(if $(JOBS),--jobs $(JOBS)) \
	    $(if $(filter-out 0,$(JSON)),--json) $(if $(RESULT),--result $(RESULT))

crash: setup
	@.venv/bin/python -m tests.crash --kills $(KILLS) $(if $(SEED),--seed $(SEED)) \
	    $(if $(or $(RESULT),$(JSON)),--json $(or $(RESULT),$(JSON)))

power: setup
	@.venv/bin/python -m tests.storage.power_loss $(if $(STATES),--states $(STATES)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(filter-out 0,$(JSON)),--json) $(if $(RESULT),--result $(RESULT))

oncall-day: setup
	@.venv/bin/python -m tests.oncall.day --homes $(HOMES) $(if $(SEED),--seed $(SEED)) \
	    $(if $(filter-out 0,$(JSON)),--json)

oncall-hour: setup
	@.venv/bin/python -m tests.oncall.hour --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) \
	    $(if $(filter-out 0,$(JSON)),--json)

# Only a quiet machine says anything about the limits; the ratios hold on any.
bench: setup
	@.venv/bin/python -m tests.bench $(if $(filter-out 0,$(JSON)),--json) $(if $(SAMPLES),--samples $(SAMPLES)) \
	    $(if $(QUIET),--quiet $(QUIET)) $(if $(RESULT),--result $(RESULT))

contract: setup
	@.venv/bin/python -m tests.contract $(if $(filter-out 0,$(RELEASE)),--release)

scenarios: setup
	@.venv/bin/python -m tests.scenarios $(NAMES)

machines: venv
	@.venv/bin/python -m tests.machines

mutants: venv
	@.venv/bin/python -m tests.mutants $(MODULE) $(if $(filter-out 0,$(SURVIVORS)),--survivors) \
	    $(if $(filter-out 0,$(ALL)),--all) $(if $(DRAW),--draw $(DRAW)) $(if $(filter-out 0,$(JUDGE)),--judge)

proof-page: setup
	@.venv/bin/python -m tests.proof_page $(RESULTS) docs/proof.md

# Every path here is one that a unit, a rule or docs/install.md names.
UNITS = $(DESTDIR)/usr/lib/systemd/system
install-files:
	@install -D -m 0644 -t $(UNITS) systemd/dispenserd.service systemd/dispenserd-oncall.service
	@install -D -m 0644 -t $(UNITS)/dispenserd.service.d systemd/10-back-off.conf
	@install -D -m 0644 -t $(UNITS)/dispenserd-oncall.service.d systemd/10-back-off.conf
	@install -D -m 0644 -t $(DESTDIR)/usr/lib/systemd/system-preset systemd/90-dispenserd.preset
	@install -D -m 0644 -t $(DESTDIR)/usr/lib/udev/rules.d systemd/60-dispenserd.rules
	@install -D -m 0644 systemd/dispenserd.sysusers $(DESTDIR)/usr/lib/sysusers.d/dispenserd.conf
	@install -D -m 0644 systemd/dispenserd.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/dispenserd.conf
	@install -D -m 0644 -t $(DESTDIR)/usr/share/dispenserd config/dispenserd.toml config/oncall.toml \
	    config/roster.toml config/homes.toml
	@install -D -m 0644 -t $(DESTDIR)/usr/share/doc/dispenserd docs/install.md docs/safety.md LICENSE
	@install -d $(DESTDIR)/usr/bin
	@ln -sfn /opt/dispenserd/bin/dispenserd $(DESTDIR)/usr/bin/dispenserd

box: venv
	@rm -rf build/box
	@.venv/bin/python -m pip wheel --quiet --disable-pip-version-check --no-index --no-deps \
	    --no-build-isolation --wheel-dir build/box .
	@.venv/bin/python .ci/box_requirements.py <requirements.lock >build/box/requirements.txt
	@$(MAKE) install-files DESTDIR=build/box/files
	@tar -C build -czf build/dispenserd-box.tar.gz --owner=0 --group=0 box
	@echo "build/dispenserd-box.tar.gz: copy it to the box and go on with docs/install.md"

lint: venv
	@echo "== format"
	@.venv/bin/ruff format --check --quiet $(SOURCES) || { .venv/bin/ruff format --check $(SOURCES); exit 1; }
	@echo "== lint"
	@.venv/bin/ruff check --quiet $(SOURCES)
	@echo "== types"
	@.venv/bin/mypy --strict
	@echo "== contracts"
	@.venv/bin/lint-imports

format: venv
	@.venv/bin/ruff format $(SOURCES)
	@.venv/bin/ruff check --fix $(SOURCES)

# The lock holds versions and hashes and no address, so that it works behind any mirror.
lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or name it with UV=path"; exit 1; }
	$(UV) pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url \
	    --custom-compile-command "make lock" --extra demo --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
