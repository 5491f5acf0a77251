import { describe, expect, it } from 'vitest';
import { LABEL_INTEGRATION, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import { authenticate, hashToken } from '../../../src/directory/tokens.ts';
import { type Secret, textOf } from '../../../src/kube/objects.ts';
import { ROLE_BINDINGS, ROLES, SECRETS, SERVICE_ACCOUNTS } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { CLUSTER_UID } from '../../support/operator/context.ts';
import { eachLife, Lifetime } from '../../support/operator/crashing.ts';
import { IntegrationProbe, useOperator } from '../../support/operator/fixture.ts';
import { runProcess } from '../../support/operator/process.ts';

const fixture = useOperator();

const NAME = 'idp';
const SECRET = `${NAME}-scim-token`;

async function accepts({ namespace }: IntegrationProbe, token: string): Promise<boolean> {
  const owner = { clusterUid: CLUSTER_UID, namespace, name: NAME };
  const record = await fixture.store.integrations.find(owner);
  if (record === undefined) return false;
  const found = await authenticate(fixture.store, namespace, record.id, token, Date.now());
  return found?.integration.allowed === true;
}

async function secretsOf({ namespace }: IntegrationProbe): Promise<readonly Secret[]> {
  const labelSelector = `${LABEL_INTEGRATION}=${NAME}`;
  return (await fixture.admin.list<Secret>(SECRETS, { namespace, labelSelector })).items ?? [];
}

const process = (probe: IntegrationProbe, life = new Lifetime()) =>
  runProcess(fixture, probe.namespace, life).then(() => life.writes);

/** The end of every story but deletion: Ready, one Secret, and only its token is valid. */
async function expectOneWorkingToken(probe: IntegrationProbe): Promise<string> {
  const { status } = await probe.settled('True', 'Succeeded');
  const [secret, ...more] = await secretsOf(probe);
  expect(more).toEqual([]);
  expect(secret?.metadata.name).toBe(status?.tokenSecretRef?.name);
  const token = (secret && textOf(secret, 'token')) ?? '';
  expect(await fixture.store.tokens.list(status?.integrationId ?? '')).toMatchObject([
    { hash: hashToken(token), keyId: status?.tokenKeyId, pending: false },
  ]);
  expect(await accepts(probe, token)).toBe(true);
  expect(secret && textOf(secret, 'endpoint')).toBe(status?.endpoint);
  const { namespace } = probe;
  await fixture.admin.get(SERVICE_ACCOUNTS, { namespace, name: 'scim-idp' });
  await fixture.admin.get(ROLES, { namespace, name: 'SCIMProvisioner' });
  await fixture.admin.get(ROLE_BINDINGS, { namespace, name: 'scim-idp' });
  return token;
}

/** A crash never leaves a Secret whose token doesn't work. */
async function expectTokensInSecretsWork(probe: IntegrationProbe): Promise<void> {
  for (const secret of await secretsOf(probe)) {
    const token = textOf(secret, 'token') ?? '';
    if (token.startsWith('scim_')) expect(await accepts(probe, token)).toBe(true);
  }
}

interface Before {
  readonly token: string;
  readonly endpoint: string;
}

interface Story {
  readonly name: string;
  readonly happens: (probe: IntegrationProbe) => Promise<unknown>;
  readonly afterCrash: (probe: IntegrationProbe, before: Before) => Promise<void>;
  readonly afterRestart: (probe: IntegrationProbe, before: Before) => Promise<void>;
}

const secretKey = ({ namespace }: IntegrationProbe) => ({ namespace, name: SECRET });

/** The token that lost its Secret has ended. */
async function expectReplaced(probe: IntegrationProbe, { token }: Before): Promise<void> {
  expect(await expectOneWorkingToken(probe)).not.toBe(token);
  expect(await accepts(probe, token)).toBe(false);
}

const STORIES: readonly Story[] = [
  {
    name: 'the Secret was deleted',
    happens: (probe) => fixture.admin.delete(SECRETS, secretKey(probe)),
    afterCrash: expectTokensInSecretsWork,
    afterRestart: expectReplaced,
  },
  {
    name: 'the token in the Secret was overwritten',
    happens: (probe) =>
      fixture.admin.mergePatch(
        SECRETS,
        secretKey(probe),
        { data: { token: 'aHVudGVyMg==' } },
        { fieldManager: TEST_MANAGER },
      ),
    afterCrash: expectTokensInSecretsWork,
    afterRestart: expectReplaced,
  },
  {
    name: 'the spec names another Secret',
    happens: (probe) => probe.patch({ spec: { token: { secretName: 'moved' } } }),
    afterCrash: async (probe, { token }) => {
      await expectTokensInSecretsWork(probe);
      expect(await secretsOf(probe)).not.toEqual([]);
      expect(await accepts(probe, token)).toBe(true);
    },
    afterRestart: async (probe, { token }) => {
      expect(await expectOneWorkingToken(probe)).toBe(token);
    },
  },
  {
    name: 'the integration was restored with another UID and without its status',
    happens: async (probe) => {
      await fixture.admin.delete(SCIM_INTEGRATIONS, probe.key);
      await probe.apply();
    },
    afterCrash: async (probe, { token }) => {
      expect(await accepts(probe, token)).toBe(true);
    },
    afterRestart: async (probe, { token, endpoint }) => {
      expect(await expectOneWorkingToken(probe)).toBe(token);
      expect((await probe.get()).status?.endpoint).toBe(endpoint);
    },
  },
  {
    name: 'the integration was deleted',
    happens: (probe) => probe.delete(),
    afterCrash: async () => undefined,
    afterRestart: async (probe, { token }) => {
      expect(await accepts(probe, token)).toBe(false);
      expect(await secretsOf(probe)).toEqual([]);
      const records = await fixture.store.integrations.list(CLUSTER_UID);
      const record = records.find(({ namespace }) => namespace === probe.namespace);
      expect(record?.endedAt).toBeDefined();
      expect(await fixture.store.tokens.list(record?.id ?? '')).toEqual([]);
    },
  },
];

describe('an operator killed after any of its writes, then started again', () => {
  it('gives a new integration one working token', async () => {
    const crashes = await eachLife(async (life) => {
      const probe = await IntegrationProbe.create(fixture);
      await process(probe, life);
      await expectTokensInSecretsWork(probe);
      await process(probe);
      await expectOneWorkingToken(probe);
      expect(await process(probe)).toEqual([]);
    });
    expect(crashes).toBeGreaterThan(8);
  });

  it.each(STORIES)(
    'ends in the same state when $name',
    async ({ happens, afterCrash, afterRestart }) => {
      const crashes = await eachLife(async (life) => {
        const probe = await IntegrationProbe.create(fixture);
        await process(probe);
        const token = await expectOneWorkingToken(probe);
        const endpoint = (await probe.get()).status?.endpoint ?? '';
        await happens(probe);
        await process(probe, life);
        await afterCrash(probe, { token, endpoint });
        await process(probe);
        await afterRestart(probe, { token, endpoint });
        expect(await process(probe)).toEqual([]);
      });
      expect(crashes).toBeGreaterThan(1);
    },
  );
});
