import { defineConfig } from 'vitest/config';

const operator = ['test/operator/*.test.ts'];
const resources = ['test/operator/*/**/*.test.ts'];
const kube = ['test/kube/**/*.test.ts', 'test/crd/**/*.test.ts', 'test/e2e/**/*.test.ts'];

const shared = {
  // Only a failure waits this long; a program takes seconds to start on a busy machine.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Loading all modules anew for each file would take half of the time; none of them holds state.
  isolate: false,
};

/** Tests against a real API server, which is started once per project and run. */
const onCluster = (name: string, include: string[]) => ({
  test: {
    name,
    include,
    // One cluster: an operator of another file would reconcile this file's resources into its own directory.
    fileParallelism: false,
    globalSetup: ['test/support/control-plane.ts', 'test/support/postgres-server.ts'],
    ...shared,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...kube, ...operator, ...resources],
          globalSetup: ['test/support/postgres-server.ts'],
          ...shared,
        },
      },
      onCluster('kube', kube),
      onCluster('operator', operator),
      onCluster('resources', resources),
    ],
  },
});
