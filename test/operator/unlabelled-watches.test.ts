import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/kube/client.ts';
import { type KubeObject, SERVICE_ACCOUNTS } from '../../src/kube/resource.ts';
import { createLogger } from '../../src/logger.ts';
import { UnlabelledWatches } from '../../src/operator/unlabelled-watches.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

let client: Client;
beforeAll(() => {
  client = adminClient();
});
const stop = new AbortController();
afterEach(() => stop.abort());

const LABELS = { 'app.kubernetes.io/managed-by': 'scim-operator' };

describe('an object that lost its label', () => {
  it('is watched by name until it is labelled again or deleted', async () => {
    const namespace = await createNamespace(client, 'unlabelled');
    const make = (name: string, labels = {}) =>
      client.apply<KubeObject>(
        SERVICE_ACCOUNTS,
        { metadata: { namespace, name, labels } },
        TEST_MANAGER,
      );
    const [one, other, labelled] = await Promise.all([
      make('one'),
      make('other'),
      make('labelled', LABELS),
    ]);
    const options = { client, log: createLogger('silent'), signal: stop.signal };
    const watches = new UnlabelledWatches(options);
    const seen: string[] = [];
    watches.onChange(({ kind }, { metadata }) => seen.push(`${kind} ${metadata.name}`));
    watches.note(SERVICE_ACCOUNTS, one);
    watches.note(SERVICE_ACCOUNTS, one);
    watches.note(SERVICE_ACCOUNTS, labelled);
    await eventually(() => expect(seen).toEqual(['ServiceAccount one']));

    await client.delete(SERVICE_ACCOUNTS, { namespace, name: 'other' });
    await client.delete(SERVICE_ACCOUNTS, { namespace, name: 'labelled' });
    await client.delete(SERVICE_ACCOUNTS, { namespace, name: 'one' });
    await eventually(() => expect(seen).toEqual(['ServiceAccount one', 'ServiceAccount one']));

    // An object that is deleted or labelled again is no longer watched.
    watches.note(SERVICE_ACCOUNTS, other);
    watches.note(SERVICE_ACCOUNTS, { metadata: { ...other.metadata, labels: LABELS } });
    watches.note(SERVICE_ACCOUNTS, await make('one'));
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen).not.toContain('ServiceAccount other');
  });
});
