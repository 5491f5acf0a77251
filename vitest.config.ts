import { defineConfig } from 'vitest/config';

const operator = ['test/operator/**/*.test.ts'];
const kube = ['test/kube/**/*.test.ts', 'test/crd/**/*.test.ts', 'test/e2e/**/*.test.ts'];

/** A program takes seconds to start on a busy machine. */
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 };

/** Tests against a real API server, which is started once per project and run. */
const onCluster = (name: string, include: string[]) => ({
  test: {
    name,
    include,
    // One cluster: an operator of another file would reconcile this file's resources into its own directory.
    fileParallelism: false,
    globalSetup: ['test/support/control-plane.ts', 'test/support/postgres-server.ts'],
    ...timeouts,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...kube, ...operator],
          globalSetup: ['test/support/postgres-server.ts'],
          ...timeouts,
        },
      },
      onCluster('kube', kube),
      onCluster('operator', operator),
    ],
  },
});
