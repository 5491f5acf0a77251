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
  IntegrationProbe,
  type OperatorFixture,
  operatorFixture,
} from '../support/operator/fixture.ts';
import { TokenProbe } from '../support/operator/token-probe.ts';

let fixture: OperatorFixture;
let directory: PostgresDirectory;
let second: Store;
let store: Store;
let probes: readonly IntegrationProbe[];
beforeAll(async () => {
  fixture = await operatorFixture();
  directory = await usePostgres();
  second = await openDirectory(directory.database.url);
  store = directory.store;
  fixture.start({ store });
  fixture.start({ store: second });
  const seen = { ...fixture, store };
  probes = await Promise.all(Array.from({ length: 15 }, () => IntegrationProbe.create(seen)));
});
afterAll(async () => {
  await fixture.close();
  await second.close();
  await directory.close();
});

const each = <T>(look: (probe: IntegrationProbe) => Promise<T>): Promise<T[]> =>
  Promise.all(probes.map(look));
const settled = (reason: string) => each((probe) => probe.settled('True', reason));

/** All records of the integration, including ended ones. */
async function recordsOf({ namespace, name }: IntegrationProbe) {
  const records = await store.integrations.list(await clusterUid(fixture.admin));
  return records.filter((record) => record.namespace === namespace && record.name === name);
}

/**
 * Waits until the status, the Secret and the directory agree on one id and one current token, and
 * `others` more tokens are valid. Returns the tokens in the directory, the current one first.
 */
function agreed(probe: IntegrationProbe, others = 0): Promise<readonly TokenRecord[]> {
  return eventually(async () => {
    const { status } = await probe.get();
    const token = await probe.token();
    const records = await recordsOf(probe);
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
    await each((probe) => agreed(probe));
  });

  it('rotate each token once, and the previous one keeps working', async () => {
    const before = await each((probe) => probe.token());
    await each((probe) => new TokenProbe(fixture, probe).annotate('rotate', 'now'));
    await each((probe) =>
      eventually(async () => expect((await probe.get()).status?.lastHandledRotate).toBe('now')),
    );
    const after = await each((probe) => agreed(probe, 1));
    for (const [index, tokens] of after.entries()) {
      const hash = hashToken(before[index] ?? '');
      expect(tokens.slice(1)).toMatchObject([{ hash, expiresAt: expect.any(Number) }]);
      expect(tokens[0]?.hash).not.toBe(hash);
    }
  });

  it('issue one new token after a Secret was deleted', async () => {
    const before = await each((probe) => probe.token());
    await each(({ namespace }) =>
      fixture.admin.delete(SECRETS, { namespace, name: 'idp-scim-token' }),
    );
    await each((probe) => eventually(() => probe.token()));
    const after = await each((probe) => agreed(probe));
    for (const [index, [current]] of after.entries())
      expect(current?.hash).not.toBe(hashToken(before[index] ?? ''));
  });

  it('disable and enable integrations without changing anything else', async () => {
    // The one that lags behind may briefly undo what the other has done.
    const recorded = (what: object) =>
      each((probe) => eventually(async () => expect(await recordsOf(probe)).toMatchObject([what])));
    const versions = () => each(async (probe) => (await probe.secret()).metadata.resourceVersion);
    const before = await versions();
    await each((probe) => probe.patch({ spec: { enabled: false } }));
    await settled('Disabled');
    await recorded({ enabled: false });
    await each((probe) => probe.patch({ spec: { enabled: true } }));
    await settled('Succeeded');
    await recorded({ enabled: true });
    expect(await versions()).toEqual(before);
  });

  it('end each integration once', async () => {
    const ids = (await each(recordsOf)).flat().map(({ id }) => id);
    await each((probe) => probe.delete());
    await each((probe) =>
      eventually(async () =>
        expect(await recordsOf(probe)).toMatchObject([{ endedAt: expect.any(Number) }]),
      ),
    );
    for (const id of ids)
      await eventually(async () => expect(await store.tokens.list(id)).toEqual([]));
    await each((probe) => eventually(() => expect(probe.secret()).rejects.toThrow(/404/)));
  });
});
