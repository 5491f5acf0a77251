/** A kubeconfig for programs whose cluster doesn't matter. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes it into the folder and returns its path. Nothing listens on port 1. */
export function unreachableKubeconfig(folder: string): string {
  const path = join(folder, 'kubeconfig');
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
      users: [{ name: 'c', user: { token: 't' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    }),
  );
  return path;
}
