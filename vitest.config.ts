import { defineConfig } from 'vitest/config';

const operator = ['test/operator/*.test.ts'];
const resources = ['test/operator/*/**/*.test.ts', 'test/access/cluster/**/*.test.ts'];
const kube = [
  'test/kube/**/*.test.ts',
  'test/crd/**/*.test.ts',
  'test/e2e/!(people).test.ts',
  'test/chart/cluster/**/*.test.ts',
];
const people = [
  'test/sso/cluster/**/*.test.ts',
  'test/console/browser/**/*.test.ts',
  'test/e2e/people.test.ts',
];

/** On the cluster that KUBECONFIG names, with the image on its nodes; see `make e2e`. */
const installed = ['test/installed/**/*.test.ts'];

const shared = {
  // Only a failure takes this long. On a busy machine, a program takes seconds to start.
  testTimeout: 120_000,
  hookTimeout: 120_000,
  // Reloading all modules for each file would take half of the time, and none of them has state.
  isolate: false,
};

/** Tests against a real API server, which is started once for each project. */
const onCluster = (name: string, include: string[]) => ({
  test: {
    name,
    include,
    // All files share a cluster, so another file's operator would reconcile this file's resources.
    fileParallelism: false,
    globalSetup: [
      'test/support/kube/control-plane.ts',
      'test/support/directory/postgres-server.ts',
    ],
    ...shared,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: [...kube, ...people, ...operator, ...resources, ...installed],
          globalSetup: ['test/support/directory/postgres-server.ts'],
          // By default, one core would do nothing once the other projects have ended.
          maxWorkers: '100%',
          // Projects with another number of workers come before or after it, as in a folder of both.
          sequence: { groupOrder: 1 },
          ...shared,
        },
      },
      onCluster('kube', kube),
      onCluster('people', people),
      onCluster('operator', operator),
      onCluster('resources', resources),
      { test: { name: 'e2e', include: installed, fileParallelism: false, ...shared } },
    ],
  },
});
