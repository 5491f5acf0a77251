# Run `make help` for a description of every target.
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
INSTALLED := node_modules/.package-lock.json
GENERATED := crds policies docs/reference examples/argocd charts/scim-operator
SUITES := unit kube people operator resources

.DEFAULT_GOAL := help
.PHONY: help demo test images e2e conformance soak bench bench-operator verify generate format manifests build image image-archive image-check kind sbom release-check clean

help: ## Print this help
	@echo 'Targets:'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'Variables of make demo:'
	@echo '  SYNC=off           leave the directory empty'
	@echo '  SSO=off            start no identity provider, so that only administrators can sign in'
	@echo '  CONTROL_PLANE=…    download, kind or build: get the control plane in this way only'
	@echo '  CLUSTER=current    use the cluster of your kubeconfig instead of a new control plane'
	@echo '  PORT, DATABASE_URL and SCIM_OPERATOR_… (see scim-operator --help) are passed to the operator'
	@echo
	@echo 'Variables of make e2e:'
	@echo '  IMAGE=…            the image, if not the one of make image-archive'
	@echo '  DATABASE_URL=…     a PostgreSQL that pods reach, instead of one on this machine'
	@echo '  RESTART_NODE=…     command that restarts the kubelet, kube-proxy and the container runtime'
	@echo
	@echo 'Variables of make conformance:'
	@echo '  DATABASE_URL       use this database instead of a fresh SQLite file and a fresh PostgreSQL'
	@echo '  CONFORMANCE_URL    check the endpoint of a running server with the token in CONFORMANCE_TOKEN'
	@echo
	@echo 'Variables of make soak:'
	@echo '  MINUTES=3          duration of the faults and changes'
	@echo '  DATABASE=postgres  keep the directory on a PostgreSQL server, which is sometimes killed'
	@echo '  SEED=…             choose the same faults and changes as the run that printed this seed'
	@echo
	@echo 'Variables of make image and image-archive:'
	@echo '  IMAGE=…            its name, with a registry or localhost, and a tag'
	@echo '  PLATFORM=…         linux/amd64 or linux/arm64 instead of the platform of this machine'
	@echo '  ENGINE=…           docker, podman or buildah'
	@echo
	@echo 'Variables of make kind:'
	@echo '  ARCHIVE=…          load this archive instead of building one'
	@echo '  INSTALL=off        only create the cluster and load the image, as make e2e needs it'
	@echo
	@echo 'Variables of make bench:'
	@echo '  QUICK=1            measure a small part in about a minute, write nothing, and fail if a limit is broken'
	@echo '  SIZE=100000        number of users in the largest directory'
	@echo '  DATABASE=…         sqlite or postgres instead of both'
	@echo '  ONLY=…             load, growth, processes, pooler, disk: only these sections, separated by commas'
	@echo
	@echo 'Variables of make bench-operator:'
	@echo '  INTEGRATIONS=10000, NAMESPACES=100   number of integrations and namespaces'
	@echo '  RATE=20            changes per second, once all integrations are Ready'
	@echo '  LOAD_SECONDS=60    duration of these changes in seconds'
	@echo '  REST_SECONDS=120   seconds for which the operator is measured at rest'
	@echo '  PROFILES=FOLDER    write CPU profiles of the operator to this folder'

$(INSTALLED): package.json package-lock.json
	@echo 'Installing the dependencies; this takes about a minute' >&2
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

demo: $(INSTALLED) ## Run everything on a real API server, with two syncs and sign-in, until Ctrl-C
	@exec node hack/demo/main.ts

test: $(INSTALLED) ## Run every test, against a real API server and real databases
	@rm -rf .test
	@node hack/control-plane/prepare.ts
	@node hack/helm/prepare.ts
	@node hack/browser/prepare.ts
	@$(MAKE) --no-print-directory --keep-going --jobs $(SUITES:%=test-%)

# In parallel, because a test against an API server mostly waits.
.PHONY: $(SUITES:%=test-%)
$(SUITES:%=test-%): test-%: $(INSTALLED)
	vitest run --project $* --reporter=default --reporter=json --outputFile.json=.test/$*.json

images: $(INSTALLED) ## Write the pictures of the console in docs/images
	@node hack/browser/prepare.ts
	IMAGES=docs/images vitest run --project people test/console/browser/pictures.test.ts -t 'the pages in'

e2e: $(INSTALLED) ## Install the chart on the cluster of KUBECONFIG, whose nodes have the image, and test it there
	vitest run --project e2e --reporter=default --reporter=json --outputFile.json=.test/e2e.json

conformance: $(INSTALLED) ## Run the public suite scim2-tester (Python) against a real SCIM server
	@exec node hack/conformance/main.ts

soak: $(INSTALLED) build ## Cause random faults and changes for MINUTES, then fail on any difference from the expected state
	@exec node hack/soak/main.ts

bench: $(INSTALLED) build ## Measure the SCIM server beside the least server that can do the work, and write docs/performance.md
	@exec node bench/main.ts

bench-operator: $(INSTALLED) build ## Measure the operator with 10,000 integrations, and fail if a bound is broken
	@exec node bench/operator/main.ts

verify: $(INSTALLED) ## Check the format, lint rules, types and generated files
	biome check .
	tsc -p .
	$(MAKE) --no-print-directory generate
	git diff --exit-code -- $(GENERATED)

generate: $(INSTALLED) ## Write crds/, policies/, examples/argocd/, the tables of docs/reference/ and the chart's generated files
	node hack/generate/main.ts

format: $(INSTALLED) ## Format the sources and apply the linter's fixes
	biome check --write .

manifests: $(INSTALLED) ## Write dist/install.yaml: everything that an installation without helm needs
	node hack/manifests/main.ts

build: $(INSTALLED) ## Bundle the program into dist/scim-operator.js
	@mkdir -p dist && touch dist/.begun
	npm run --silent build
	@find dist/chunks -type f ! -newer dist/.begun -delete && rm dist/.begun

image: $(INSTALLED) ## Build the container image with docker, podman or buildah
	@exec node hack/image/main.ts build

image-archive: $(INSTALLED) ## Build the image and write it to dist/ as an OCI archive
	@exec node hack/image/main.ts archive

kind: $(INSTALLED) ## Install the chart with this checkout's image in a kind cluster; needs docker or podman
	@exec node hack/kind/main.ts

image-check: $(INSTALLED) ## Check the archives in dist/ and start the program in each; needs root
	@exec node hack/image/check.ts dist/scim-operator-*.tar

sbom: $(INSTALLED) ## Write the bill of materials of each image archive in dist/
	@exec node hack/sbom/main.ts

release-check: $(INSTALLED) ## Check that the sources can be released: version, changelog, tree, licences
	@exec node hack/release/main.ts

clean: ## Remove what the other targets created in this folder
	rm -rf dist .demo .test coverage node_modules
