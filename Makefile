# One command per intent; `make` lists them.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# 3.13 is what is deployed; running and testing work from 3.11 on.
PYTHON ?= $(shell for python in python3.13 ~/.pyenv/versions/3.13.*/bin/python3 python3.12 python3.11 python3; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$python"; break; }; done)
RUN := .venv/bin/python
PORT ?= 8000
PEOPLE ?= 200
STAGE ?=
QUEUE ?= deliver
AT ?=
EXAMPLES ?= 2000
STAMP := .venv/.complete .venv-aws/.complete
CHECKED := app.py chalicelib infra tests benchmarks
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Single readings are enough for spelling names, and load four times as fast.
export PYPINYIN_NO_PHRASES := true

.PHONY: help setup run test test-deployment package deploy rollback dead-letters redrive schedules faults fuzz check format reset demo-data import-institutions import-records first-operator statistics verify-audit lock docs bench screenshots later messages system-packages

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Install what the project needs into .venv and .venv-aws

.venv/.complete: requirements-dev.lock
.venv-aws/.complete: requirements-aws.lock
.venv-scan/.complete: requirements-scan.lock

.venv/.complete .venv-aws/.complete .venv-scan/.complete:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed (3.13 to deploy); none was found. Set PYTHON=/path/to/python3." >&2; exit 1; }
	@echo "installing $< into $(@D) with $(PYTHON)"
	@test -x $(@D)/bin/python || "$(PYTHON)" -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

run: $(STAMP) ## Run everything on this machine: http://127.0.0.1:8000 (PORT=)
	@PORT=$(PORT) exec $(RUN) -m infra.local.run

test: $(STAMP) system-packages ## Run all tests (ARGS= for pytest)
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

fuzz: $(STAMP) ## Send odd requests to every operation, EXAMPLES=2000 each
	@FUZZ_EXAMPLES=$(EXAMPLES) $(RUN) -m pytest tests/api/test_fuzz.py $(ARGS)

schedules: $(STAMP) ## Run concurrent requests under every order of their table calls (minutes)
	@SCHEDULES=all $(RUN) -m pytest tests/races $(ARGS)

faults: $(STAMP) ## Break every flow at every call in every way, and at two calls (minutes)
	@FAULTS=all $(RUN) -m pytest tests/faults $(ARGS)

package: $(STAMP) ## Package STAGE=dev|staging|prod for the cloud (Python 3.13; ALLOW_DIRTY=1 for a trial)
	@$(RUN) -m infra.packaging "$(STAGE)"

deploy: $(STAMP) ## Package and deploy STAGE= (YES=1 confirms beforehand; AWS_ENDPOINT_URL is heeded)
	@$(RUN) -m infra.deployment deploy "$(STAGE)"

rollback: $(STAMP) ## Let the functions of STAGE= run their previous code
	@$(RUN) -m infra.deployment rollback "$(STAGE)"

dead-letters: $(STAMP) ## Count the messages of STAGE= that could not be handled
	@$(RUN) -m infra.deployment dead-letters "$(STAGE)"

redrive: $(STAMP) ## Hand the dead letters of QUEUE= (deliver) of STAGE= over to their queue again
	@$(RUN) -m infra.deployment redrive "$(STAGE)" "$(QUEUE)"

.PHONY: restore
restore: $(STAMP) ## Take STAGE= back to the instant AT=2026-11-23T22:00:00Z: the plan; GO=1 does it, and asks (YES=1)
	@$(RUN) -m infra.restore "$(STAGE)" "$(AT)"

test-deployment: $(STAMP) .venv-scan/.complete ## Deploy to the embedded AWS and test what was deployed (Python 3.13)
	@$(RUN) -m pytest -m deployment $(ARGS)

check: $(STAMP) ## Lint, formatting, types, template
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy $(wildcard $(CHECKED))
	@.venv/bin/cfn-lint infra/resources.json

format: $(STAMP) ## Put the code into its standard form
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

reset: ## Drop the local run's data
	@if [ -x $(RUN) ]; then $(RUN) -m infra.local.reset; else rm -rf .local; fi

later: $(STAMP) ## Let DAYS= pass for the running local archive, and run its schedules
	@$(RUN) -m infra.local.within infra.local.later $(DAYS)

demo-data: $(STAMP) ## Make PEOPLE=200 invented people and import them into the running local archive
	@$(RUN) -m infra.local.within infra.local.load_demo --people $(PEOPLE)

import-institutions: $(STAMP) ## Import the Ministry's list FILE= into the running local archive
	@test -n "$(FILE)" || { echo "FILE= is missing" >&2; exit 2; }
	@$(RUN) -m infra.local.within infra.import_institutions "$(FILE)"

import-records: $(STAMP) ## Import a family's records FAMILY= FILE= into the running local archive
	@test -n "$(FAMILY)" -a -n "$(FILE)" || { echo "FAMILY= or FILE= is missing" >&2; exit 2; }
	@$(RUN) -m infra.local.within infra.import_records "$(FAMILY)" "$(FILE)"

first-operator: $(STAMP) ## Invite the first operator EMAIL= (NAME=) of STAGE=dev|staging|prod, or of the local run
	@test -n "$(EMAIL)" || { echo "EMAIL= is missing" >&2; exit 2; }
	@$(RUN) -m $(if $(filter-out local,$(STAGE)),infra.deployment.within "$(STAGE)",infra.local.within) \
		infra.first_operator "$(EMAIL)" $(if $(NAME),--name "$(NAME)")

statistics: $(STAMP) ## Print figures of the last DAYS=30 days of STAGE=, or of the local run (HTML=file for a page)
	@$(RUN) -m $(if $(filter-out local,$(STAGE)),infra.deployment.within "$(STAGE)",infra.local.within) \
		infra.statistics --days $(or $(DAYS),30) $(if $(HTML),--html "$(HTML)")

verify-audit: $(STAMP) ## Verify the audit trail of STAGE=, or of the running local archive (ANCHOR=hour:digest)
	@$(RUN) -m $(if $(filter-out local,$(STAGE)),infra.deployment.within "$(STAGE)",infra.local.within) \
		infra.verify_audit $(if $(ANCHOR),--anchor "$(ANCHOR)")

docs: $(STAMP) ## Write the pages that are made from the code (API, columns)
	@$(RUN) -m infra.document_columns
	@$(RUN) -m infra.document_api
	@$(RUN) -m infra.document_fields

messages: $(STAMP) ## Write every message as a person would receive it, with pictures, to .build/messages
	@$(RUN) -m infra.message_gallery

screenshots: $(STAMP) system-packages ## Take pictures of every page (.build/screenshots)
	@$(RUN) -m tests.browser.screenshots

bench: $(STAMP) ## Run the benchmarks
	@$(RUN) -m benchmarks

lock: ## Renew the lock files from the requirements
	@test -x .build/lock/bin/uv || { "$(PYTHON)" -m venv .build/lock && .build/lock/bin/pip install --quiet uv; }
	@for name in dev aws scan; do .build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" requirements-$$name.txt -o requirements-$$name.lock; done

system-packages: ## Install the programs that tests need (with apt-get, as root)
	@missing=(); \
	command -v pdftotext >/dev/null || missing+=(poppler-utils); \
	command -v qpdf >/dev/null || missing+=(qpdf); \
	command -v zbarimg >/dev/null || missing+=(zbar-tools); \
	command -v chromium >/dev/null || missing+=(chromium); \
	if [ $${#missing[@]} -gt 0 ]; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			export DEBIAN_FRONTEND=noninteractive; \
			apt-get update -qq && apt-get install -y -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
		else echo "The tests need: $${missing[*]} (for example: sudo apt-get install $${missing[*]})" >&2; exit 1; fi; \
	fi
