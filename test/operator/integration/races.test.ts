import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { authenticate } from '../../../src/directory/tokens.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { SECRETS } from '../../../src/kube/resource.ts';
import type { ObjectStore } from '../../../src/kube/store.ts';
import type { Caches } from '../../../src/operator/context.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { Lifetime } from '../../support/operator/crashing.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

const SECRET = 'idp-scim-token';

async function accepts({ namespace, name }: IntegrationProbe, token: string): Promise<boolean> {
  const record = await fixture.store.integrations.find({
    clusterUid: CLUSTER_UID,
    namespace,
    name,
  });
  const id = record?.id ?? '';
  return (await authenticate(fixture.store, namespace, id, token, Date.now())) !== undefined;
}

const foreign = ({ namespace }: IntegrationProbe, name = SECRET, data: Secret['data'] = {}) =>
  fixture.admin.create<Secret>(SECRETS, { metadata: { namespace, name }, data }, TEST_MANAGER);

const remove = ({ namespace }: IntegrationProbe, name = SECRET) =>
  fixture.admin.delete(SECRETS, { namespace, name });

type Interference = Readonly<Record<string, () => Promise<unknown>>>;

/** Reconciles while another client acts just before the named writes. */
async function reconcile(probe: IntegrationProbe, interference: Interference = {}): Promise<void> {
  const life = new Lifetime(Number.POSITIVE_INFINITY, interference);
  await runProcess(fixture, probe.namespace, life);
  expect(life.pending).toEqual([]);
}

async function ready(): Promise<{ probe: IntegrationProbe; token: string }> {
  const probe = await IntegrationProbe.create(fixture);
  await reconcile(probe);
  await probe.settled('True', 'Succeeded');
  return { probe, token: await probe.token() };
}

async function expectUntouched(probe: IntegrationProbe, secret: Secret | undefined) {
  const { metadata } = await probe.secret(secret?.metadata.name);
  expect(metadata.resourceVersion).toBe(secret?.metadata.resourceVersion);
}

describe('an integration that was recreated while no operator ran', () => {
  it('moves the token from the Secret that its predecessor named', async () => {
    const probe = await IntegrationProbe.create(fixture, { token: { secretName: 'other' } });
    await reconcile(probe);
    const token = await probe.token('other');
    await probe.delete();
    await probe.apply();
    await reconcile(probe);
    expect(await probe.token()).toBe(token);
    expect(await accepts(probe, token)).toBe(true);
    await expect(probe.secret('other')).rejects.toThrow(/404/);
  });
});

describe('an integration that replaces another of the same name', () => {
  const going = (one: KubeIntegration): KubeIntegration => ({
    ...one,
    metadata: { ...one.metadata, resourceVersion: '0', deletionTimestamp: '2026-01-01T00:00:00Z' },
  });

  it.each<[string, (seen: ObjectStore<KubeIntegration>, next: KubeIntegration) => void, boolean]>([
    ['its end was seen', (seen, next) => seen.delete(seen.list()[0] ?? next), false],
    [
      'its end was seen before the creation of the next',
      (seen, next) => {
        seen.delete(seen.list()[0] ?? next);
        seen.set(next);
      },
      false,
    ],
    [
      'its deletionTimestamp was seen',
      (seen, next) => {
        seen.set(going(seen.list()[0] ?? next));
        seen.set(next);
      },
      false,
    ],
    [
      'its end was seen, and so were others in between',
      (seen, next) => {
        for (const uid of ['between', 'and again']) {
          seen.delete(seen.list()[0] ?? next);
          seen.set({ ...next, metadata: { ...next.metadata, uid } });
        }
        seen.set(next);
      },
      false,
    ],
    ['its end was not seen', (seen, next) => seen.set(next), true],
  ])('keeps its token only if it may be the same one restored (%s)', async (_, see, isSame) => {
    const { probe, token } = await ready();
    const { integrationId = '' } = (await probe.get()).status ?? {};
    const behind = async ({ integrations }: Caches) => {
      await probe.delete();
      await probe.apply();
      see(integrations, await probe.get());
    };
    await runProcess(fixture, probe.namespace, new Lifetime(), { behind });
    const { status } = await probe.settled('True', 'Succeeded');
    expect((await probe.token()) === token).toBe(isSame);
    expect(await accepts(probe, token)).toBe(isSame);
    expect(await accepts(probe, await probe.token())).toBe(true);
    expect(status?.integrationId === integrationId).toBe(isSame);
    if (!isSame) expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });
});

describe('another client that is faster than the operator', () => {
  it('and creates a Secret of that name keeps it', async () => {
    const probe = await IntegrationProbe.create(fixture);
    let theirs: Secret | undefined;
    await reconcile(probe, {
      'create Secret': async () => {
        theirs = await foreign(probe);
      },
    });
    await probe.settled('False', 'SecretConflict');
    await expectUntouched(probe, theirs);
    const { integrationId = '' } = (await probe.get()).status ?? {};
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });

  it("and creates the Secret that the token moves to doesn't end the token", async () => {
    const { probe, token } = await ready();
    await probe.patch({ spec: { token: { secretName: 'moved' } } });
    let theirs: Secret | undefined;
    await reconcile(probe, {
      'create Secret': async () => {
        theirs = await foreign(probe, 'moved');
      },
    });
    await probe.settled('False', 'SecretConflict');
    await expectUntouched(probe, theirs);
    expect(await probe.token()).toBe(token);
    expect(await accepts(probe, token)).toBe(true);
  });

  it('and replaces a Secret during its correction keeps the new one', async () => {
    const { probe, token } = await ready();
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: probe.namespace, name: SECRET },
      { data: { endpoint: 'ZXZpbA==' } },
      { fieldManager: TEST_MANAGER },
    );
    let theirs: Secret | undefined;
    await reconcile(probe, {
      'apply Secret': async () => {
        await remove(probe);
        theirs = await foreign(probe);
      },
    });
    await probe.settled('False', 'SecretConflict');
    await expectUntouched(probe, theirs);
    expect(await accepts(probe, token)).toBe(false);
  });

  it('and deletes a Secret during its creation gets a new token', async () => {
    const probe = await IntegrationProbe.create(fixture);
    let first = '';
    await reconcile(probe, {
      'apply Secret': async () => {
        first = await probe.token();
        await remove(probe);
      },
    });
    await probe.settled('True', 'Succeeded');
    expect(await probe.token()).not.toBe(first);
    expect(await accepts(probe, first)).toBe(false);
    expect(await accepts(probe, await probe.token())).toBe(true);
  });

  it('and changes the integration is noticed by the next reconcile', async () => {
    const probe = await IntegrationProbe.create(fixture);
    await reconcile(probe, {
      'patch ScimIntegration status': () => probe.patch({ spec: { enabled: false } }),
    });
    await probe.settled('True', 'Disabled');
  });
});

describe('a token', () => {
  it('ends when a foreign Secret replaces its own', async () => {
    const { probe, token } = await ready();
    await remove(probe);
    await foreign(probe);
    await reconcile(probe);
    await probe.settled('False', 'SecretConflict');
    expect(await accepts(probe, token)).toBe(false);
  });

  it('keeps working while a Secret that lost its marks still contains it', async () => {
    const { probe, token } = await ready();
    const { data } = await probe.secret();
    await remove(probe);
    await foreign(probe, SECRET, data);
    await reconcile(probe);
    await probe.settled('False', 'SecretConflict');
    expect(await accepts(probe, token)).toBe(true);
  });

  it('ends when its Secret contains the token of another integration instead', async () => {
    const victim = await ready();
    const { probe, token } = await ready();
    const { data } = await victim.probe.secret();
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: probe.namespace, name: SECRET },
      { data: { token: data?.token } },
      { fieldManager: TEST_MANAGER },
    );
    await reconcile(probe);
    await probe.settled('False', 'InvalidToken');
    expect(await accepts(probe, token)).toBe(false);
    expect(await accepts(victim.probe, victim.token)).toBe(true);
  });
});
