import { defineConfig } from 'vitest/config';

/** `cluster` tests run against a real API server, which is started once per run. */
const cluster = [
  'test/kube/**/*.test.ts',
  'test/crd/**/*.test.ts',
  'test/operator/**/*.test.ts',
  'test/e2e/**/*.test.ts',
];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: cluster,
          globalSetup: ['test/support/postgres-server.ts'],
          // A program takes seconds to start on a busy machine.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'cluster',
          include: cluster,
          // One cluster: an operator of another file would reconcile this file's resources into its own directory.
          fileParallelism: false,
          globalSetup: ['test/support/control-plane.ts', 'test/support/postgres-server.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
