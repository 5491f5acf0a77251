/** The pod of one's own in docs/guides/postgresql.md, in which commands run on the volume. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { loadYaml } from '@kubernetes/client-node';
import { RELEASE } from '../chart/helm.ts';
import { eventually } from '../eventually.ts';
import { IMAGE } from './installation.ts';
import { applyObjects, kubectl, valueAt } from './kubectl.ts';

const GUIDE = 'docs/guides/postgresql.md';
const NAME = 'scim-operator-own';
const NAMED = [NAME, '--namespace', RELEASE];

interface Container {
  readonly args: readonly string[];
}
interface Pod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly containers: readonly Container[] };
}

/** Runs the program with these arguments in the pod, with the file as its input. */
export async function runInOwnPod(args: readonly string[], inputFile?: string): Promise<string> {
  const [, yaml = ''] = /```yaml\n(apiVersion: v1\nkind: Pod\n.*?)```/su.exec(
    readFileSync(GUIDE, 'utf8'),
  ) ?? [''];
  const pod = loadYaml<Pod>(yaml);
  const stdin = inputFile === undefined ? {} : { stdin: true, stdinOnce: true };
  const containers = pod.spec.containers.map((each) => ({ ...each, image: IMAGE, args, ...stdin }));
  const metadata = { ...pod.metadata, name: NAME };
  await applyObjects({ ...pod, metadata, spec: { ...pod.spec, containers } });
  try {
    if (inputFile !== undefined) {
      await kubectl(['wait', 'pod', ...NAMED, '--for=condition=Ready', '--timeout=60s']);
      await shell(`kubectl --namespace ${RELEASE} attach --stdin ${NAME} < ${inputFile}`);
    }
    await eventually(
      async () => {
        const phase = await valueAt('{.status.phase}', 'pod', ...NAMED);
        if (phase !== 'Succeeded')
          throw new Error(`${phase}: ${await kubectl(['logs', ...NAMED])}`);
      },
      { everyMs: 500 },
    );
    return await kubectl(['logs', ...NAMED]);
  } finally {
    await kubectl(['delete', 'pod', ...NAMED]);
  }
}

/** Runs the command of docs/guides/backup-and-recovery.md. */
export const backUpTo = (file: string): Promise<unknown> =>
  shell(
    `(umask 077 && kubectl --namespace ${RELEASE} exec deployment/${RELEASE} -- \
    /usr/local/bin/node /app/scim-operator.js backup --to - > ${file})`,
  );

const shell = (command: string) => promisify(execFile)('sh', ['-c', command]);
