/** What the guides say about backups, restores and copies in a cluster, as they say it. */
import { loadYaml } from '@kubernetes/client-node';
import { RELEASE } from '../chart/helm.ts';
import { blocksOf, PAGES } from '../docs/pages.ts';
import { eventually } from '../eventually.ts';
import { outputOf } from '../program-output.ts';
import { IMAGE } from './installation.ts';
import { applyObjects, kubectl, valueAt } from './kubectl.ts';

const RECOVERY = 'docs/guides/backup-and-recovery.md';
const POSTGRESQL = 'docs/guides/postgresql.md';
const SQLITE = 'file:/var/lib/scim-operator/directory.db';

interface Container {
  readonly args: readonly string[];
}
interface Pod {
  readonly metadata: object;
  readonly spec: { readonly containers: readonly Container[] };
}

/** Writes a backup of the running pod into the folder. */
export const backUp = (folder: string): Promise<string> =>
  runBlock(RECOVERY, 'exec deployment/', folder);

/** Restores the backup in the folder to the volume, in a pod of one's own. */
export async function restore(folder: string): Promise<void> {
  const name = 'scim-operator-restore';
  const args = [
    'restore',
    '--replace',
    '--without-tokens',
    '--from',
    '-',
    '--database-url',
    SQLITE,
  ];
  await inOwnPod(name, { args, stdin: true, stdinOnce: true }, async () => {
    const pod = ['pod', name, '--namespace', RELEASE];
    await kubectl(['wait', ...pod, '--for=condition=Ready', '--timeout=60s']);
    await runBlock(RECOVERY, 'attach --stdin', folder);
  });
}

/** Copies the directory on the volume to PostgreSQL, in a pod of one's own. */
export const copy = (): Promise<void> =>
  inOwnPod('scim-operator-copy', { args: ['copy', '--from', SQLITE] });

/** Runs a container in the pod of the guide, until it has succeeded. */
async function inOwnPod(
  name: string,
  container: Container & Readonly<Record<string, unknown>>,
  once: () => Promise<void> = async () => undefined,
): Promise<void> {
  const { metadata, spec, ...kind } = loadYaml<Pod>(blockWith(POSTGRESQL, 'kind: Pod'));
  const containers = spec.containers.map((each) => ({ ...each, image: IMAGE, ...container }));
  const named = [name, '--namespace', RELEASE];
  await applyObjects({ ...kind, metadata: { ...metadata, name }, spec: { ...spec, containers } });
  try {
    await once();
    await eventually(
      async () => {
        const phase = await valueAt('{.status.phase}', 'pod', ...named);
        if (phase !== 'Succeeded')
          throw new Error(`${phase}: ${await kubectl(['logs', ...named])}`);
      },
      { everyMs: 500 },
    );
  } finally {
    await kubectl(['delete', 'pod', ...named]);
  }
}

const runBlock = (page: string, part: string, cwd: string): Promise<string> =>
  outputOf('sh', ['-ec', blockWith(page, part)], { cwd });

/** The first block of code of the page that contains the text. */
function blockWith(path: string, part: string): string {
  const blocks = PAGES.filter((page) => page.path === path).flatMap(blocksOf);
  const block = blocks.find(({ code }) => code.includes(part));
  if (block === undefined) throw new Error(`${path} has no block with ${part}`);
  return block.code;
}
