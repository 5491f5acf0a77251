/** Rules of the cluster that refuse a Secret: a quota, an admission policy, a webhook. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../../src/kube/client.ts';
import { type KubeObject, type ResourceDefinition, SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import {
  IntegrationProbe,
  type OperatorFixture,
  operatorFixture,
  unique,
} from '../../support/operator/fixture.ts';
import { TokenProbe } from '../../support/operator/token-probe.ts';

const ADMISSION = { group: 'admissionregistration.k8s.io', version: 'v1', namespaced: false };
const QUOTAS: ResourceDefinition = {
  group: '',
  version: 'v1',
  plural: 'resourcequotas',
  kind: 'ResourceQuota',
  namespaced: true,
};
const POLICIES: ResourceDefinition = {
  ...ADMISSION,
  plural: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
};
const BINDINGS: ResourceDefinition = {
  ...ADMISSION,
  plural: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
};
const WEBHOOKS: ResourceDefinition = {
  ...ADMISSION,
  plural: 'validatingwebhookconfigurations',
  kind: 'ValidatingWebhookConfiguration',
};

let fixture: OperatorFixture;
let admin: Client;
beforeAll(async () => {
  fixture = await operatorFixture();
  admin = fixture.admin;
  fixture.start();
});
afterAll(() => fixture.close());

/** Refuses writes of Secrets in one namespace until it is removed. */
interface Rule {
  /** The name that the status should contain. */
  readonly name: string;
  remove(): Promise<void>;
}

type Operation = 'CREATE' | 'UPDATE';
type Forbid = (namespace: string, operation: Operation) => Promise<Rule>;

const create = (resource: ResourceDefinition, object: object) =>
  admin.create(resource, object as KubeObject, TEST_MANAGER);
const only = (namespace: string) => ({
  matchLabels: { 'kubernetes.io/metadata.name': namespace },
});
const secretRules = (operation: Operation) => [
  { apiGroups: [''], apiVersions: ['v1'], resources: ['secrets'], operations: [operation] },
];

const byQuota: Forbid = async (namespace) => {
  const name = unique('no-secrets');
  await create(QUOTAS, { metadata: { namespace, name }, spec: { hard: { secrets: '0' } } });
  return {
    name: `ResourceQuota ${name}`,
    remove: () => admin.delete(QUOTAS, { namespace, name }),
  };
};

const byPolicy: Forbid = async (namespace, operation) => {
  const name = unique('no-secrets');
  await create(POLICIES, {
    metadata: { name },
    spec: {
      matchConstraints: { resourceRules: secretRules(operation) },
      validations: [
        { expression: "!has(object.data) || !('token' in object.data)", message: 'words' },
      ],
    },
  });
  const matchResources = { namespaceSelector: only(namespace) };
  await create(BINDINGS, {
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], matchResources },
  });
  return {
    name: `ValidatingAdmissionPolicy ${name}`,
    remove: async () => {
      await admin.delete(BINDINGS, { name });
      await admin.delete(POLICIES, { name });
    },
  };
};

/** A webhook without a server. */
const byWebhook: Forbid = async (namespace, operation) => {
  const name = `${unique('no-secrets')}.example.com`;
  await create(WEBHOOKS, {
    metadata: { name },
    webhooks: [
      {
        name,
        rules: secretRules(operation),
        namespaceSelector: only(namespace),
        clientConfig: { url: 'https://127.0.0.1:1/' },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
        timeoutSeconds: 1,
      },
    ],
  });
  return { name: `admission webhook ${name}`, remove: () => admin.delete(WEBHOOKS, { name }) };
};

/** The API server enforces a new rule only after some time. */
async function untilRefused(namespace: string): Promise<void> {
  await eventually(async () => {
    const name = unique('try');
    const attempt = create(SECRETS, { metadata: { namespace, name }, data: { token: '' } });
    const isRefused = await attempt.then(
      () => false,
      () => true,
    );
    if (!isRefused) await admin.delete(SECRETS, { namespace, name });
    expect(isRefused).toBe(true);
  });
}

/** The changes make the operator reconcile at once. Without them, it does so within 30 s. */
const heals = (probe: IntegrationProbe) =>
  eventually(
    async () => {
      const ready = await probe.condition('Ready');
      if (ready?.reason === 'Succeeded') return;
      await probe.patch({ metadata: { annotations: { looked: String(performance.now()) } } });
      throw new Error(`not healed: ${ready?.message}`);
    },
    { everyMs: 250 },
  );

describe('a cluster that refuses the Secret', () => {
  it.each([
    ['a quota', byQuota],
    ['an admission policy', byPolicy],
    ['a webhook', byWebhook],
  ])(
    'by %s ends the old token nevertheless, is named in the status, and recovers',
    async (_, forbid) => {
      const probe = await IntegrationProbe.create(fixture);
      const { status: before } = await probe.settled('True', 'Succeeded');
      const tokens = new TokenProbe(fixture, probe);
      const token = await probe.token();
      const rule = await forbid(probe.namespace, 'CREATE');
      await untilRefused(probe.namespace);

      await tokens.deleteSecret('idp-scim-token');
      const { status } = await probe.settled('False', 'SecretMissing');
      expect(await probe.authenticate(token)).toBeUndefined();
      expect(status).not.toHaveProperty('tokenKeyId');
      expect(status?.endpoint).toBe(before?.endpoint);
      const ready = await probe.condition('TokenReady');
      expect(ready).toMatchObject({ status: 'False', reason: 'SecretMissing' });
      expect(ready?.message).toContain(rule.name);
      expect(ready?.message).not.toContain('words');

      await rule.remove();
      await heals(probe);
      expect(await probe.authenticate(await probe.token())).toBeDefined();
      expect(await probe.authenticate(token)).toBeUndefined();
      await eventually(async () => expect(await tokens.events('TokenRevoked')).toHaveLength(1));
    },
  );

  it('with a rotated token keeps the current one, is named in the status, and then gets one rotation', async () => {
    const probe = await IntegrationProbe.create(fixture);
    await probe.settled('True', 'Succeeded');
    const tokens = new TokenProbe(fixture, probe);
    const token = await probe.token();
    const rule = await byPolicy(probe.namespace, 'UPDATE');
    await eventually(() =>
      expect(
        tokens.patchSecret('idp-scim-token', { metadata: { labels: { x: 'y' } } }),
      ).rejects.toThrow('refused by ValidatingAdmissionPolicy'),
    );

    await tokens.annotate('rotate', 'now');
    await probe.settled('False', 'ReconciliationFailed');
    expect((await probe.condition('Ready'))?.message).toContain(rule.name);
    expect(await probe.condition('TokenReady')).toMatchObject({ status: 'True' });
    expect(await probe.authenticate(token)).toBeDefined();
    expect(await probe.token()).toBe(token);

    await rule.remove();
    await heals(probe);
    const rotated = await probe.token();
    expect(rotated).not.toBe(token);
    expect(await probe.authenticate(rotated)).toBeDefined();
    expect(await probe.authenticate(token)).toBeDefined();
    expect((await probe.get()).status?.lastHandledRotate).toBe('now');
  });
});
