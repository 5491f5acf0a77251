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
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

const SECRET = 'idp-scim-token';

async function accepts({ namespace, name }: TestIntegration, token: string): Promise<boolean> {
  const record = await fixture.store.integrations.find({
    clusterUid: CLUSTER_UID,
    namespace,
    name,
  });
  const id = record?.id ?? '';
  return (await authenticate(fixture.store, namespace, id, token, Date.now())) !== undefined;
}

const foreign = ({ namespace }: TestIntegration, name = SECRET, data: Secret['data'] = {}) =>
  fixture.admin.create<Secret>(SECRETS, { metadata: { namespace, name }, data }, TEST_MANAGER);

const remove = ({ namespace }: TestIntegration, name = SECRET) =>
  fixture.admin.delete(SECRETS, { namespace, name });

type Interference = Readonly<Record<string, () => Promise<unknown>>>;

/** Reconciles while another client acts just before the named writes. */
async function reconcile(
  integration: TestIntegration,
  interference: Interference = {},
): Promise<void> {
  const life = new Lifetime(Number.POSITIVE_INFINITY, interference);
  await runProcess(fixture, integration.namespace, life);
  expect(life.pending).toEqual([]);
}

async function ready(): Promise<{ integration: TestIntegration; token: string }> {
  const integration = await TestIntegration.create(fixture);
  await reconcile(integration);
  await integration.settled('True', 'Succeeded');
  return { integration, token: await integration.token() };
}

async function expectUntouched(integration: TestIntegration, secret: Secret | undefined) {
  const { metadata } = await integration.secret(secret?.metadata.name);
  expect(metadata.resourceVersion).toBe(secret?.metadata.resourceVersion);
}

describe('an integration that was recreated while no operator ran', () => {
  it('moves the token from the Secret that its predecessor named', async () => {
    const integration = await TestIntegration.create(fixture, { token: { secretName: 'other' } });
    await reconcile(integration);
    const token = await integration.token('other');
    await integration.delete();
    await integration.apply();
    await reconcile(integration);
    expect(await integration.token()).toBe(token);
    expect(await accepts(integration, token)).toBe(true);
    await expect(integration.secret('other')).rejects.toThrow(/404/);
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
    const { integration, token } = await ready();
    const { integrationId = '' } = (await integration.get()).status ?? {};
    const behind = async ({ integrations }: Caches) => {
      await integration.delete();
      await integration.apply();
      see(integrations, await integration.get());
    };
    await runProcess(fixture, integration.namespace, new Lifetime(), { behind });
    const { status } = await integration.settled('True', 'Succeeded');
    expect((await integration.token()) === token).toBe(isSame);
    expect(await accepts(integration, token)).toBe(isSame);
    expect(await accepts(integration, await integration.token())).toBe(true);
    expect(status?.integrationId === integrationId).toBe(isSame);
    if (!isSame) expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });
});

describe('another client that is faster than the operator', () => {
  it('and creates a Secret of that name keeps it', async () => {
    const integration = await TestIntegration.create(fixture);
    let theirs: Secret | undefined;
    await reconcile(integration, {
      'create Secret': async () => {
        theirs = await foreign(integration);
      },
    });
    await integration.settled('False', 'SecretConflict');
    await expectUntouched(integration, theirs);
    const { integrationId = '' } = (await integration.get()).status ?? {};
    expect(await fixture.store.tokens.list(integrationId)).toEqual([]);
  });

  it("and creates the Secret that the token moves to doesn't end the token", async () => {
    const { integration, token } = await ready();
    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    let theirs: Secret | undefined;
    await reconcile(integration, {
      'create Secret': async () => {
        theirs = await foreign(integration, 'moved');
      },
    });
    await integration.settled('False', 'SecretConflict');
    await expectUntouched(integration, theirs);
    expect(await integration.token()).toBe(token);
    expect(await accepts(integration, token)).toBe(true);
  });

  it('and replaces a Secret during its correction keeps the new one', async () => {
    const { integration, token } = await ready();
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: integration.namespace, name: SECRET },
      { data: { endpoint: 'ZXZpbA==' } },
      { fieldManager: TEST_MANAGER },
    );
    let theirs: Secret | undefined;
    await reconcile(integration, {
      'apply Secret': async () => {
        await remove(integration);
        theirs = await foreign(integration);
      },
    });
    await integration.settled('False', 'SecretConflict');
    await expectUntouched(integration, theirs);
    expect(await accepts(integration, token)).toBe(false);
  });

  it('and deletes a Secret during its creation gets a new token', async () => {
    const integration = await TestIntegration.create(fixture);
    let first = '';
    await reconcile(integration, {
      'apply Secret': async () => {
        first = await integration.token();
        await remove(integration);
      },
    });
    await integration.settled('True', 'Succeeded');
    expect(await integration.token()).not.toBe(first);
    expect(await accepts(integration, first)).toBe(false);
    expect(await accepts(integration, await integration.token())).toBe(true);
  });

  it('and changes the integration is noticed by the next reconcile', async () => {
    const integration = await TestIntegration.create(fixture);
    await reconcile(integration, {
      'patch ScimIntegration status': () => integration.patch({ spec: { enabled: false } }),
    });
    await integration.settled('True', 'Disabled');
  });
});

describe('a token', () => {
  it('ends when a foreign Secret replaces its own', async () => {
    const { integration, token } = await ready();
    await remove(integration);
    await foreign(integration);
    await reconcile(integration);
    await integration.settled('False', 'SecretConflict');
    expect(await accepts(integration, token)).toBe(false);
  });

  it('keeps working while a Secret that lost its marks still contains it', async () => {
    const { integration, token } = await ready();
    const { data } = await integration.secret();
    await remove(integration);
    await foreign(integration, SECRET, data);
    await reconcile(integration);
    await integration.settled('False', 'SecretConflict');
    expect(await accepts(integration, token)).toBe(true);
  });

  it('ends when its Secret contains the token of another integration instead', async () => {
    const victim = await ready();
    const { integration, token } = await ready();
    const { data } = await victim.integration.secret();
    await fixture.admin.mergePatch(
      SECRETS,
      { namespace: integration.namespace, name: SECRET },
      { data: { token: data?.token } },
      { fieldManager: TEST_MANAGER },
    );
    await reconcile(integration);
    await integration.settled('False', 'InvalidToken');
    expect(await accepts(integration, token)).toBe(false);
    expect(await accepts(victim.integration, victim.token)).toBe(true);
  });
});
