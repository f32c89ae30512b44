# The commands of the project. `make` alone lists them.
PYTHON ?= python3
RUN = .venv/bin/python -m launcher

.DEFAULT_GOAL := help
.PHONY: help up stop status reset test check format lock wheels bench drill canaries pictures docs ready ready-dev

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ready ## prepare and run everything until Ctrl-C (PORT=9000 make up for another port)
	@$(RUN) up

stop: ready ## stop what runs from this checkout, from another terminal
	@$(RUN) stop

status: ready ## show what runs
	@$(RUN) status || true

reset: ready ## remove all data of this checkout, after asking
	@$(RUN) reset

test: ready-dev ## format, lint, types, contracts, docs and all tests (browser tests need Chromium)
	@$(RUN) check --all

check: ready-dev ## the same without journeys and browser tests
	@$(RUN) check

format: ready-dev ## format the code and fix what the linter can fix
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: ready-dev ## resolve requirements*.in into the lock files
	@$(RUN) lock

wheels: ready-dev ## show for which platforms all locked packages have wheels
	@$(RUN) wheels

bench: ready-dev ## measure the time from Enter to the first streamed text, stage by stage
	@.venv/bin/python -m bench

drill: ready-dev ## faults and load against real processes; writes docs/drill.md
	@.venv/bin/python -m bench.drill

canaries: ready-dev ## search everything for what 1,000 chats have given away; writes docs/plaintext-scan.md
	@.venv/bin/python -m bench.canaries

pictures: ready-dev ## take the documentation's screenshots anew
	@.venv/bin/python -m bench.pictures

docs: ready-dev ## write the generated documentation pages
	@.venv/bin/python manage.py docs

# Quiet and quick when nothing changed.
ready:
	@$(PYTHON) -m launcher.bootstrap

ready-dev:
	@$(PYTHON) -m launcher.bootstrap --dev
