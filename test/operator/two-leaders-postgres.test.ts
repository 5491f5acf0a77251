/**
 * Two operators with separate connections to one PostgreSQL database, both of which believe that
 * they lead.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDirectory } from '../../src/directory/open.ts';
import type { Store } from '../../src/directory/store/store.ts';
import type { TokenRecord } from '../../src/directory/store/tokens.ts';
import { hashToken } from '../../src/directory/tokens.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import { type PostgresDirectory, usePostgres } from '../support/directory/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { clusterUid } from '../support/kube/cluster.ts';
import {
  type OperatorFixture,
  operatorFixture,
  TestIntegration,
} from '../support/operator/fixture.ts';
import { TestTokens } from '../support/operator/test-tokens.ts';

let fixture: OperatorFixture;
let directory: PostgresDirectory;
let second: Store;
let store: Store;
let integrations: readonly TestIntegration[];
beforeAll(async () => {
  fixture = await operatorFixture();
  directory = await usePostgres();
  second = await openDirectory(directory.database.url);
  store = directory.store;
  fixture.start({ store });
  fixture.start({ store: second });
  const seen = { ...fixture, store };
  integrations = await Promise.all(Array.from({ length: 15 }, () => TestIntegration.create(seen)));
});
afterAll(async () => {
  await fixture.close();
  await second.close();
  await directory.close();
});

const each = <T>(look: (integration: TestIntegration) => Promise<T>): Promise<T[]> =>
  Promise.all(integrations.map(look));
const settled = (reason: string) => each((integration) => integration.settled('True', reason));

/** All records of the integration, including ended ones. */
async function recordsOf({ namespace, name }: TestIntegration) {
  const records = await store.integrations.list(await clusterUid(fixture.admin));
  return records.filter((record) => record.namespace === namespace && record.name === name);
}

/**
 * Waits until the status, the Secret and the directory agree on one id and one current token, and
 * `others` more tokens are valid. Returns the tokens in the directory, the current one first.
 */
function agreed(integration: TestIntegration, others = 0): Promise<readonly TokenRecord[]> {
  return eventually(async () => {
    const { status } = await integration.get();
    const token = await integration.token();
    const records = await recordsOf(integration);
    expect(records).toMatchObject([{ id: status?.integrationId, endedAt: undefined }]);
    const tokens = await store.tokens.list(status?.integrationId ?? '');
    const current = tokens.filter(({ hash }) => hash === hashToken(token));
    expect(current).toMatchObject([
      { pending: false, expiresAt: undefined, keyId: status?.tokenKeyId },
    ]);
    expect(tokens).toHaveLength(1 + others);
    return [...current, ...tokens.filter(({ hash }) => hash !== hashToken(token))];
  });
}

describe('two leaders at once on one PostgreSQL database', () => {
  it('give each integration one record, one id and one token', async () => {
    await settled('Succeeded');
    await each((integration) => agreed(integration));
  });

  it('rotate each token once, and the previous one keeps working', async () => {
    const before = await each((integration) => integration.token());
    await each((integration) => new TestTokens(fixture, integration).annotate('rotate', 'now'));
    await each((integration) =>
      eventually(async () =>
        expect((await integration.get()).status?.lastHandledRotate).toBe('now'),
      ),
    );
    const after = await each((integration) => agreed(integration, 1));
    for (const [index, tokens] of after.entries()) {
      const hash = hashToken(before[index] ?? '');
      expect(tokens.slice(1)).toMatchObject([{ hash, expiresAt: expect.any(Number) }]);
      expect(tokens[0]?.hash).not.toBe(hash);
    }
  });

  it('issue one new token after a Secret was deleted', async () => {
    const before = await each((integration) => integration.token());
    await each(({ namespace }) =>
      fixture.admin.delete(SECRETS, { namespace, name: 'idp-scim-token' }),
    );
    await each((integration) => eventually(() => integration.token()));
    const after = await each((integration) => agreed(integration));
    for (const [index, [current]] of after.entries())
      expect(current?.hash).not.toBe(hashToken(before[index] ?? ''));
  });

  it('disable and enable integrations without changing anything else', async () => {
    // The one that lags behind may briefly undo what the other has done.
    const recorded = (what: object) =>
      each((integration) =>
        eventually(async () => expect(await recordsOf(integration)).toMatchObject([what])),
      );
    const versions = () =>
      each(async (integration) => (await integration.secret()).metadata.resourceVersion);
    const before = await versions();
    await each((integration) => integration.patch({ spec: { enabled: false } }));
    await settled('Disabled');
    await recorded({ enabled: false });
    await each((integration) => integration.patch({ spec: { enabled: true } }));
    await settled('Succeeded');
    await recorded({ enabled: true });
    expect(await versions()).toEqual(before);
  });

  it('end each integration once', async () => {
    const ids = (await each(recordsOf)).flat().map(({ id }) => id);
    await each((integration) => integration.delete());
    await each((integration) =>
      eventually(async () =>
        expect(await recordsOf(integration)).toMatchObject([{ endedAt: expect.any(Number) }]),
      ),
    );
    for (const id of ids)
      await eventually(async () => expect(await store.tokens.list(id)).toEqual([]));
    await each((integration) =>
      eventually(() => expect(integration.secret()).rejects.toThrow(/404/)),
    );
  });
});
