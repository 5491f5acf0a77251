# `make help` explains every target.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json
GENERATED := crds policies docs/reference examples/argocd
SUITES := unit kube operator resources

.DEFAULT_GOAL := help
.PHONY: help demo test conformance soak bench-operator verify generate format build clean

help: ## Print this help
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables of make demo:'
	@echo '  SYNC=off           leave the directory empty'
	@echo '  CONTROL_PLANE=…    download, kind or build: take this way to a control plane and no other'
	@echo '  CLUSTER=current    use the cluster of your kubeconfig instead of a control plane of its own'
	@echo '  PORT, DATABASE_URL and SCIM_OPERATOR_… (see scim-operator --help) are passed on'
	@echo
	@echo 'Variables of make conformance:'
	@echo '  DATABASE_URL       use this database instead of a fresh SQLite file and a fresh PostgreSQL'
	@echo '  CONFORMANCE_URL    check the endpoint of a running server, with the token CONFORMANCE_TOKEN'
	@echo
	@echo 'Variables of make soak:'
	@echo '  MINUTES=3          how long faults and changes go on'
	@echo '  DATABASE=postgres  with the directory on a PostgreSQL server, which is killed at times'
	@echo '  SEED=…             chooses the same faults and changes again as the run that printed it'
	@echo
	@echo 'Variables of make bench-operator:'
	@echo '  INTEGRATIONS=10000, NAMESPACES=100'
	@echo '  RATE=20            changes a second while all are there'
	@echo '  LOAD_SECONDS=60    how long they go on'
	@echo '  REST_SECONDS=120   seconds in which the calls at rest are counted'
	@echo '  PROFILES=FOLDER    write processor profiles of the operator there'

$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(INSTALLED) ## Run the whole product on a real API server, with one integration and two syncs, until Ctrl-C
	@exec node hack/demo/main.ts

test: $(INSTALLED) ## Run every test, against a real API server and real databases
	@rm -rf .test
	@node hack/control-plane/prepare.ts
	@$(MAKE) --no-print-directory --keep-going --jobs $(SUITES:%=test-%)

# Side by side, because a test against an API server mostly waits.
.PHONY: $(SUITES:%=test-%)
$(SUITES:%=test-%): test-%: $(INSTALLED)
	vitest run --project $* --reporter=default --reporter=json --outputFile.json=.test/$*.json

conformance: $(INSTALLED) ## Run the public suite scim2-tester (Python) against a real SCIM server
	@exec node hack/conformance/main.ts

soak: $(INSTALLED) build ## Cause random faults and changes for MINUTES, then compare exactly; fails on any difference
	@exec node hack/soak/main.ts

bench-operator: $(INSTALLED) build ## Measure the operator with 10,000 integrations; fails when a bound is broken
	@exec node bench/operator/main.ts

verify: $(INSTALLED) ## Check format, lint, types and that generated files are up to date
	biome check .
	tsc -p .
	$(MAKE) --no-print-directory generate
	git diff --exit-code -- $(GENERATED)

generate: $(INSTALLED) ## Write crds/, policies/, examples/argocd/ and the tables of docs/reference/
	node hack/generate/main.ts

format: $(INSTALLED) ## Format the sources and fix what the linter can
	biome check --write .

build: $(INSTALLED) ## Bundle the program into dist/scim-operator.js
	npm run --silent build

clean: ## Remove what the other targets created in this folder
	rm -rf dist .demo .test coverage node_modules
