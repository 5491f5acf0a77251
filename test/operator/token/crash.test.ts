import { describe, expect, it } from 'vitest';
import { LABEL_INTEGRATION, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import { authenticate, hashToken } from '../../../src/directory/tokens.ts';
import { type Secret, textOf } from '../../../src/kube/objects.ts';
import { ROLE_BINDINGS, ROLES, SECRETS, SERVICE_ACCOUNTS } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { eachLife, Lifetime } from '../../support/operator/crashing.ts';
import { TestIntegration, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

const NAME = 'idp';
const SECRET = `${NAME}-scim-token`;

async function accepts({ namespace }: TestIntegration, token: string): Promise<boolean> {
  const owner = { clusterUid: CLUSTER_UID, namespace, name: NAME };
  const record = await fixture.store.integrations.find(owner);
  if (record === undefined) return false;
  const found = await authenticate(fixture.store, namespace, record.id, token, Date.now());
  return found?.integration.allowed === true;
}

async function secretsOf({ namespace }: TestIntegration): Promise<readonly Secret[]> {
  const labelSelector = `${LABEL_INTEGRATION}=${NAME}`;
  return (await fixture.admin.list<Secret>(SECRETS, { namespace, labelSelector })).items ?? [];
}

const process = (integration: TestIntegration, life = new Lifetime()) =>
  runProcess(fixture, integration.namespace, life).then(() => life.writes);

/** The end of every story but deletion: Ready, one Secret, and only its token is valid. */
async function expectOneWorkingToken(integration: TestIntegration): Promise<string> {
  const { status } = await integration.settled('True', 'Succeeded');
  const [secret, ...more] = await secretsOf(integration);
  expect(more).toEqual([]);
  expect(secret?.metadata.name).toBe(status?.tokenSecretRef?.name);
  const token = (secret && textOf(secret, 'token')) ?? '';
  expect(await fixture.store.tokens.list(status?.integrationId ?? '')).toMatchObject([
    { hash: hashToken(token), keyId: status?.tokenKeyId, pending: false },
  ]);
  expect(await accepts(integration, token)).toBe(true);
  expect(secret && textOf(secret, 'endpoint')).toBe(status?.endpoint);
  const { namespace } = integration;
  await fixture.admin.get(SERVICE_ACCOUNTS, { namespace, name: 'scim-idp' });
  await fixture.admin.get(ROLES, { namespace, name: 'SCIMProvisioner' });
  await fixture.admin.get(ROLE_BINDINGS, { namespace, name: 'scim-idp' });
  return token;
}

/** A crash never leaves a Secret whose token doesn't work. */
async function expectTokensInSecretsWork(integration: TestIntegration): Promise<void> {
  for (const secret of await secretsOf(integration)) {
    const token = textOf(secret, 'token') ?? '';
    if (token.startsWith('scim_')) expect(await accepts(integration, token)).toBe(true);
  }
}

interface Before {
  readonly token: string;
  readonly endpoint: string;
}

interface Story {
  readonly name: string;
  readonly happens: (integration: TestIntegration) => Promise<unknown>;
  readonly afterCrash: (integration: TestIntegration, before: Before) => Promise<void>;
  readonly afterRestart: (integration: TestIntegration, before: Before) => Promise<void>;
}

const secretKey = ({ namespace }: TestIntegration) => ({ namespace, name: SECRET });

/** The token that lost its Secret has ended. */
async function expectReplaced(integration: TestIntegration, { token }: Before): Promise<void> {
  expect(await expectOneWorkingToken(integration)).not.toBe(token);
  expect(await accepts(integration, token)).toBe(false);
}

const STORIES: readonly Story[] = [
  {
    name: 'the Secret was deleted',
    happens: (integration) => fixture.admin.delete(SECRETS, secretKey(integration)),
    afterCrash: expectTokensInSecretsWork,
    afterRestart: expectReplaced,
  },
  {
    name: 'the token in the Secret was overwritten',
    happens: (integration) =>
      fixture.admin.mergePatch(
        SECRETS,
        secretKey(integration),
        { data: { token: 'aHVudGVyMg==' } },
        { fieldManager: TEST_MANAGER },
      ),
    afterCrash: expectTokensInSecretsWork,
    afterRestart: expectReplaced,
  },
  {
    name: 'the spec names another Secret',
    happens: (integration) => integration.patch({ spec: { token: { secretName: 'moved' } } }),
    afterCrash: async (integration, { token }) => {
      await expectTokensInSecretsWork(integration);
      expect(await secretsOf(integration)).not.toEqual([]);
      expect(await accepts(integration, token)).toBe(true);
    },
    afterRestart: async (integration, { token }) => {
      expect(await expectOneWorkingToken(integration)).toBe(token);
    },
  },
  {
    name: 'the integration was restored with another UID and without its status',
    happens: async (integration) => {
      await fixture.admin.delete(SCIM_INTEGRATIONS, integration.key);
      await integration.apply();
    },
    afterCrash: async (integration, { token }) => {
      expect(await accepts(integration, token)).toBe(true);
    },
    afterRestart: async (integration, { token, endpoint }) => {
      expect(await expectOneWorkingToken(integration)).toBe(token);
      expect((await integration.get()).status?.endpoint).toBe(endpoint);
    },
  },
  {
    name: 'the integration was deleted',
    happens: (integration) => integration.delete(),
    afterCrash: async () => undefined,
    afterRestart: async (integration, { token }) => {
      expect(await accepts(integration, token)).toBe(false);
      expect(await secretsOf(integration)).toEqual([]);
      const records = await fixture.store.integrations.list(CLUSTER_UID);
      const record = records.find(({ namespace }) => namespace === integration.namespace);
      expect(record?.endedAt).toBeDefined();
      expect(await fixture.store.tokens.list(record?.id ?? '')).toEqual([]);
    },
  },
];

describe('an operator killed after any of its writes, then started again', () => {
  it('gives a new integration one working token', async () => {
    const crashes = await eachLife(async (life) => {
      const integration = await TestIntegration.create(fixture);
      await process(integration, life);
      await expectTokensInSecretsWork(integration);
      await process(integration);
      await expectOneWorkingToken(integration);
      expect(await process(integration)).toEqual([]);
    });
    expect(crashes).toBeGreaterThan(8);
  });

  it.each(STORIES)(
    'ends in the same state when $name',
    async ({ happens, afterCrash, afterRestart }) => {
      const crashes = await eachLife(async (life) => {
        const integration = await TestIntegration.create(fixture);
        await process(integration);
        const token = await expectOneWorkingToken(integration);
        const endpoint = (await integration.get()).status?.endpoint ?? '';
        await happens(integration);
        await process(integration, life);
        await afterCrash(integration, { token, endpoint });
        await process(integration);
        await afterRestart(integration, { token, endpoint });
        expect(await process(integration)).toEqual([]);
      });
      expect(crashes).toBeGreaterThan(1);
    },
  );
});
