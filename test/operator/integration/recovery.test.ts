/**
 * After a restore of the directory or of the cluster from a backup, endpoints and tokens are the
 * current ones, and nothing that was ended works again.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import {
  type OperatorFixture,
  TestIntegration,
  useOperator,
} from '../../support/operator/fixture.ts';
import {
  type Answer,
  ask,
  createTenant,
  recreateNamespace,
} from '../../support/operator/tenants.ts';
import { TestTokens } from '../../support/operator/test-tokens.ts';

const fixture = useOperator();

/** The configuration of an identity provider for an integration. */
interface Entry {
  readonly tenant: string;
  readonly id: string;
  readonly endpoint: string;
  readonly token: string;
}

async function entryOf(integration: TestIntegration, reason = 'Succeeded'): Promise<Entry> {
  const { status } = await integration.settled('True', reason);
  const { tenant = '', integrationId: id = '', endpoint = '' } = status ?? {};
  return { tenant, id, endpoint, token: await integration.token() };
}

const answer = (store: Store, { tenant, id, token }: Entry): Promise<Answer> =>
  ask({ ...fixture, store }, tenant, id, token);

describe("a directory that was restored from yesterday's backup", () => {
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-recovery-'));
  const [file, backup] = [join(folder, 'directory.db'), join(folder, 'backup.db')];
  let store: Store;
  let stop: () => Promise<void> = async () => undefined;
  const names = ['kept', 'rotated', 'overlapping', 'recreated', 'shut', 'opened', 'gone', 'again'];
  const integrations = new Map<string, TestIntegration>();
  const yesterday = new Map<string, Entry>();
  const today = new Map<string, Entry>();
  const integration = (name: string) => integrations.get(name) as TestIntegration;
  const former = (name: string) => yesterday.get(name) as Entry;
  const now = (name: string) => today.get(name) as Entry;

  const start = async () => {
    store = await openDirectory(`file:${file}`);
  };
  const operate = () => {
    const operator = fixture.start({ store, sweepIntervalMs: 500 });
    stop = async () => {
      stop = async () => undefined;
      await operator.stop();
      await store.close();
    };
  };
  const specOf = (name: string) => ({
    enabled: name !== 'opened',
    token: { rotation: { overlap: name === 'rotated' ? '0s' : '24h' } },
  });
  const enter = async (name: string) => {
    const { enabled = true } = (await integration(name).get()).spec ?? {};
    return entryOf(integration(name), enabled ? 'Succeeded' : 'Disabled');
  };

  beforeAll(async () => {
    await start();
    operate();
    for (const name of names)
      integrations.set(name, await TestIntegration.create(fixture, specOf(name), name));
    for (const name of names) yesterday.set(name, await enter(name));
    await stop();
    copyFileSync(file, backup);

    await start();
    operate();
    await change();
    for (const name of integrations.keys()) if (name !== 'gone') today.set(name, await enter(name));
    await stop();
    for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  });
  afterEach(() => stop());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** The changes between the backup and the restore. */
  async function change(): Promise<void> {
    const ended = (name: string) =>
      eventually(async () => expect(await answer(store, former(name))).toBe('unauthorized'));
    for (const name of ['rotated', 'overlapping'])
      await new TestTokens(fixture, integration(name)).annotate('rotate', 'now');
    await new TestTokens(fixture, integration('recreated')).deleteSecret('recreated-scim-token');
    await integration('shut').patch({ spec: { enabled: false } });
    await integration('opened').patch({ spec: { enabled: true } });
    for (const name of ['gone', 'again']) await integration(name).delete();
    for (const name of ['rotated', 'recreated', 'gone', 'again']) await ended(name);
    await integration('again').apply();
    integrations.set('new', await TestIntegration.create(fixture, {}, 'new'));
    for (const name of ['overlapping', 'recreated'])
      await eventually(async () =>
        expect(await integration(name).token()).not.toBe(former(name).token),
      );
  }

  /** Waits until the directory agrees with the cluster. */
  const expectTodaysState = async () => {
    for (const [name, entry] of today) {
      const rights = { enabled: name !== 'shut', allowed: true, endedAt: undefined };
      await eventually(async () => {
        expect(await store.integrations.get(entry.id)).toMatchObject(rights);
        expect(await answer(store, entry)).toBe('open');
        expect(await enter(name)).toEqual(entry);
      });
    }
    for (const name of ['rotated', 'recreated', 'gone', 'again'])
      await eventually(async () => expect(await answer(store, former(name))).toBe('unauthorized'));
  };

  it("has today's endpoints, tokens and rights once the operator has reconciled", async () => {
    copyFileSync(backup, file);
    await start();
    // Nothing can tell the server about the rotation before then.
    expect(await answer(store, former('rotated'))).toBe('open');
    operate();
    await expectTodaysState();
    expect(await answer(store, former('overlapping'))).toBe('open');
    expect(now('again').id).not.toBe(former('again').id);
    // A record ends after its tokens.
    for (const name of ['gone', 'again'])
      await eventually(async () =>
        expect(await store.integrations.get(former(name).id)).toMatchObject({
          endedAt: expect.any(Number),
        }),
      );
  });

  it('never accepts an old token if its hashes are removed before the start', async () => {
    copyFileSync(backup, file);
    const raw = new Database(file);
    raw.exec('DELETE FROM tokens');
    raw.close();
    await start();
    for (const entry of [...yesterday.values(), ...today.values()])
      expect(await answer(store, entry)).toBe('unauthorized');
    operate();
    await expectTodaysState();
  });

  it('is rebuilt from the cluster if it was lost', async () => {
    rmSync(file, { force: true });
    await start();
    operate();
    await expectTodaysState();
  });
});

describe('objects that were restored from a backup of the cluster', () => {
  let operator: ReturnType<OperatorFixture['start']>;
  beforeEach(() => {
    operator = fixture.start();
  });
  afterEach(() => operator.stop());

  const copyOf = <T extends KubeObject>({ metadata, ...rest }: T) => {
    const { namespace, name, labels, annotations } = metadata;
    return { ...rest, metadata: { namespace, name, labels, annotations } } as KubeObject;
  };
  /**
   * Like backup programs, restores the Secret first. The integration gets a new UID and no status.
   */
  const restore = async (secret: Secret, { status: _, ...object }: KubeIntegration) => {
    await fixture.admin.create(SECRETS, copyOf(secret), TEST_MANAGER);
    await fixture.admin.create(SCIM_INTEGRATIONS, copyOf(object), TEST_MANAGER);
  };
  const ended = (integration: TestIntegration) =>
    eventually(() => expect(integration.secret()).rejects.toThrow(/404/));

  it('have their previous endpoint and token, even if everything had been deleted', async () => {
    const integration = await TestIntegration.create(fixture);
    const entry = await entryOf(integration);
    const [secret, object] = [await integration.secret(), await integration.get()];
    await integration.delete();
    await ended(integration);
    expect(await answer(fixture.store, entry)).toBe('unauthorized');
    await restore(secret, object);
    expect(await entryOf(integration)).toEqual(entry);
    expect((await integration.get()).metadata.uid).not.toBe(object.metadata.uid);
    expect(await answer(fixture.store, entry)).toBe('open');
  });

  it('work in a recreated namespace only once a ScimTenant names it', async () => {
    const integration = await TestIntegration.create(fixture);
    const entry = await entryOf(integration);
    const [secret, object] = [await integration.secret(), await integration.get()];
    await operator.stop();
    await recreateNamespace(fixture.admin, integration.namespace);
    await restore(secret, object);
    operator = fixture.start();
    await integration.settled('False', 'TenantNotAllowed');
    expect(await answer(fixture.store, entry)).toBe('unauthorized');
    await createTenant(fixture.admin, { names: [integration.namespace] }, integration.namespace);
    expect(await entryOf(integration)).toEqual(entry);
    expect(await answer(fixture.store, entry)).toBe('open');
  });
});
