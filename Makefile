# `make help` explains every target.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json
GENERATED := crds policies docs/reference

.DEFAULT_GOAL := help
.PHONY: help demo test conformance verify generate format build clean

help: ## Print this help
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables of make demo:'
	@echo '  SYNC=off           leave the directory empty'
	@echo '  CLUSTER=current    use the cluster of your kubeconfig instead of a control plane of its own'
	@echo '  PORT, DATABASE_URL and SCIM_OPERATOR_… (see scim-operator --help) are passed on'
	@echo
	@echo 'Variables of make conformance:'
	@echo '  DATABASE_URL       use this database instead of a fresh SQLite file and a fresh PostgreSQL'
	@echo '  CONFORMANCE_URL    check the endpoint of a running server, with the token CONFORMANCE_TOKEN'

$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(INSTALLED) ## Run it all on a real API server: one integration, two syncs, until Ctrl-C
	@exec node hack/demo/main.ts

test: $(INSTALLED) ## Run every test, against a real API server and real databases
	@rm -f .test/report.json
	vitest run --reporter=default --reporter=json --outputFile.json=.test/report.json

conformance: $(INSTALLED) ## Run the public suite scim2-tester (Python) against a real SCIM server
	@exec node hack/conformance/main.ts

verify: $(INSTALLED) ## Check format, lint, types and that generated files are up to date
	biome check .
	tsc -p .
	$(MAKE) --no-print-directory generate
	git diff --exit-code -- $(GENERATED)

generate: $(INSTALLED) ## Write crds/, policies/ and the tables of docs/reference/
	node src/crd/generate.ts
	node hack/reference/main.ts

format: $(INSTALLED) ## Format the sources and mend what the linter can
	biome check --write .

build: $(INSTALLED) ## Bundle the program into dist/scim-operator.js
	npm run --silent build

clean: ## Remove what the other targets made in this folder
	rm -rf dist .demo .test coverage node_modules
