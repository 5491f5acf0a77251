/** Changes that arrive at a steady pace, whatever becomes of the ones before, and how long each took to show. */
import { isEnabled } from '../../src/crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject, ObjectKey } from '../../src/kube/resource.ts';
import { isReady, type Observer } from './observer.ts';

export const MANAGER = 'bench';
const DEADLINE_MS = 60_000;

/** A quarter are new integrations, a quarter are deleted, and half are switched off or on. */
const MIX = ['create', 'toggle', 'delete', 'toggle'] as const;
export type ChangeKind = (typeof MIX)[number];

export interface Timed {
  readonly kind: ChangeKind;
  /** From the moment the call was sent until the watch showed Ready, or for a deletion that the Secret is gone. */
  readonly milliseconds: number;
}

export interface LoadOptions {
  readonly client: Client;
  readonly observer: Observer;
  /** Integrations that are there, of which each is changed once at most. */
  readonly keys: readonly ObjectKey[];
  readonly changesPerSecond: number;
  readonly seconds: number;
}

export async function applyLoad(options: LoadOptions): Promise<readonly Timed[]> {
  const { keys, changesPerSecond, seconds } = options;
  const started = performance.now();
  const timed: Promise<Timed>[] = [];
  for (let index = 0; index < changesPerSecond * seconds; index++) {
    const due = started + (index * 1000) / changesPerSecond;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const kind = MIX[index % MIX.length] ?? 'toggle';
    // Far apart, so that the changes are spread over the namespaces.
    const key = keys[(index * 7919) % keys.length];
    if (key === undefined) throw new Error('there is no integration to change');
    timed.push(change(options, kind, key, index));
  }
  return Promise.all(timed);
}

async function change(
  { client, observer }: LoadOptions,
  kind: ChangeKind,
  key: ObjectKey,
  index: number,
): Promise<Timed> {
  const sent = performance.now();
  const seen = await CHANGES[kind](client, observer, key, index);
  return { kind, milliseconds: seen - sent };
}

type Change = (
  client: Client,
  observer: Observer,
  key: ObjectKey,
  index: number,
) => Promise<number>;

const CHANGES: Record<ChangeKind, Change> = {
  create: async (client, observer, { namespace = '' }, index) => {
    const key = { namespace, name: `new-${index}` };
    const seen = observer.sees(key, isReady, DEADLINE_MS);
    await client.create<KubeObject>(SCIM_INTEGRATIONS, { metadata: key }, MANAGER);
    return seen;
  },
  toggle: async (client, observer, key) => {
    const isOff = (each: Parameters<typeof isReady>[0]) => !isEnabled(each) && isReady(each);
    const seen = observer.sees(key, isOff, DEADLINE_MS);
    const patch = { spec: { enabled: false } };
    await client.mergePatch(SCIM_INTEGRATIONS, key, patch, { fieldManager: MANAGER });
    return seen;
  },
  delete: async (client, observer, key) => {
    const secret = { ...key, name: `${key.name}-scim-token` };
    const seen = observer.seesNoSecret(secret, DEADLINE_MS);
    await client.delete(SCIM_INTEGRATIONS, key);
    return seen;
  },
};
