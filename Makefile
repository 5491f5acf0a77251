# `make help` explains every target.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json
GENERATED := crds docs/reference

.DEFAULT_GOAL := help
.PHONY: help demo test verify generate format build clean

help: ## Print this help
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables of make demo:'
	@echo '  SYNC=off           leave the directory empty'
	@echo '  CLUSTER=current    use the cluster of your kubeconfig instead of a control plane of its own'
	@echo '  PORT, DATABASE_URL and SCIM_OPERATOR_… (see scim-operator --help) are passed on'

$(INSTALLED): package.json package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(INSTALLED) ## Run it all on a real API server: one integration, two syncs, until Ctrl-C
	@exec node hack/demo/main.ts

test: $(INSTALLED) ## Run every test, against a real API server and real databases
	@rm -f .test/report.json
	vitest run --reporter=default --reporter=json --outputFile.json=.test/report.json

verify: $(INSTALLED) ## Check format, lint, types and that generated files are up to date
	biome check .
	tsc -p .
	$(MAKE) --no-print-directory generate
	git diff --exit-code -- $(GENERATED)

generate: $(INSTALLED) ## Write crds/ and the tables of docs/reference/ from src/crd
	node src/crd/generate.ts

format: $(INSTALLED) ## Format the sources and mend what the linter can
	biome check --write .

build: $(INSTALLED) ## Bundle the program into dist/scim-operator.js
	npm run --silent build

clean: ## Remove what the other targets made in this folder
	rm -rf dist .demo .test coverage node_modules
