/** Makes changes at a steady rate, without waiting for previous ones, and measures each. */
import { isEnabled } from '../../src/crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject, ObjectKey } from '../../src/kube/resource.ts';
import { isReady, type Observer } from './observer.ts';

export const MANAGER = 'bench';
const DEADLINE_MS = 60_000;

/** A quarter of the changes create integrations, a quarter delete them, and half disable them. */
const MIX = ['create', 'toggle', 'delete', 'toggle'] as const;
export type ChangeKind = (typeof MIX)[number];

export interface Timed {
  readonly kind: ChangeKind;
  /** From the call until the watch shows Ready or, for a deletion, that the Secret is gone. */
  readonly milliseconds: number;
}

export interface LoadOptions {
  readonly client: Client;
  readonly observer: Observer;
  /** Existing integrations. Each is changed at most once. */
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
    // Spreads the changes over the namespaces.
    const key = keys[(index * 7919) % keys.length];
    if (key === undefined) throw new Error('no integration is left to change');
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
