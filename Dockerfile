# Builds with docker, podman and buildah. Nothing runs on the target's architecture, so building for
# another one needs no emulation. The image holds Node.js, the C and C++ libraries that it needs,
# and the program: no shell, no package manager.

# Both bases are Debian 12 with Node.js; the first one also has npm.
ARG BUILD_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=docker.io/library/node:24.21.0-bookworm-slim

FROM --platform=$TARGETPLATFORM ${RUNTIME_IMAGE} AS runtime

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# better-sqlite3 brings its compiled files along; its install script would need a compiler.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY src src
RUN npm run --silent build
COPY LICENSE LICENSE
COPY hack/image hack/image
COPY hack/sbom hack/sbom
COPY --from=runtime / /runtime
ARG TARGETARCH
# The flag is that of the ENTRYPOINT: Node.js compiles ahead for exactly this.
RUN node hack/image/contents.ts /runtime ${TARGETARCH} /root-of-image --max-semi-space-size=8

FROM scratch
COPY --from=build /root-of-image /
# `make image` passes the version of package.json.
ARG VERSION=unknown
LABEL org.opencontainers.image.title="scim-operator" \
      org.opencontainers.image.description="SCIM 2.0 provisioning for Kubernetes platforms" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# The allocator of the C library would otherwise keep free memory for each of a dozen threads.
ENV NODE_ENV=production \
    MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=/app/compile-cache
# The name of an account would not do: runAsNonRoot demands a number.
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080 9090
# Less memory for slightly more CPU; docs/performance.md has the figures.
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=8", "/app/scim-operator.js"]
CMD ["run"]
