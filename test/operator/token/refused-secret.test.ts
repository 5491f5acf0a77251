/** Rules of the cluster that refuse a Secret: a quota, an admission policy, a webhook. */
import { describe, expect, it } from 'vitest';
import { type KubeObject, type ResourceDefinition, SECRETS } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { TEST_MANAGER } from '../../support/kube/cluster.ts';
import { TestIntegration, unique, useOperator } from '../../support/operator/fixture.ts';
import { TestTokens } from '../../support/operator/test-tokens.ts';

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

const fixture = useOperator({ starts: {} });

/** Refuses writes of Secrets in one namespace until it is removed. */
interface Rule {
  /** The name that the status should contain. */
  readonly name: string;
  remove(): Promise<void>;
}

type Operation = 'CREATE' | 'UPDATE';
type Forbid = (namespace: string, operation: Operation) => Promise<Rule>;

const create = (resource: ResourceDefinition, object: object) =>
  fixture.admin.create(resource, object as KubeObject, TEST_MANAGER);
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
    remove: () => fixture.admin.delete(QUOTAS, { namespace, name }),
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
      await fixture.admin.delete(BINDINGS, { name });
      await fixture.admin.delete(POLICIES, { name });
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
  return {
    name: `admission webhook ${name}`,
    remove: () => fixture.admin.delete(WEBHOOKS, { name }),
  };
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
    if (!isRefused) await fixture.admin.delete(SECRETS, { namespace, name });
    expect(isRefused).toBe(true);
  });
}

/** The changes make the operator reconcile at once. Without them, it does so within 30 s. */
const heals = (integration: TestIntegration) =>
  eventually(
    async () => {
      const ready = await integration.condition('Ready');
      if (ready?.reason === 'Succeeded') return;
      await integration.patch({ metadata: { annotations: { looked: String(performance.now()) } } });
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
      const integration = await TestIntegration.create(fixture);
      const { status: before } = await integration.settled('True', 'Succeeded');
      const tokens = new TestTokens(fixture, integration);
      const token = await integration.token();
      const rule = await forbid(integration.namespace, 'CREATE');
      await untilRefused(integration.namespace);

      await tokens.deleteSecret('idp-scim-token');
      const { status } = await integration.settled('False', 'SecretMissing');
      expect(await integration.authenticate(token)).toBeUndefined();
      expect(status).not.toHaveProperty('tokenKeyId');
      expect(status?.endpoint).toBe(before?.endpoint);
      const ready = await integration.condition('TokenReady');
      expect(ready).toMatchObject({ status: 'False', reason: 'SecretMissing' });
      expect(ready?.message).toContain(rule.name);
      expect(ready?.message).not.toContain('words');

      await rule.remove();
      await heals(integration);
      expect(await integration.authenticate(await integration.token())).toBeDefined();
      expect(await integration.authenticate(token)).toBeUndefined();
      await eventually(async () => expect(await tokens.events('TokenRevoked')).toHaveLength(1));
    },
  );

  it('with a rotated token keeps the current one, is named in the status, and then gets one rotation', async () => {
    const integration = await TestIntegration.create(fixture);
    await integration.settled('True', 'Succeeded');
    const tokens = new TestTokens(fixture, integration);
    const token = await integration.token();
    const rule = await byPolicy(integration.namespace, 'UPDATE');
    await eventually(() =>
      expect(
        tokens.patchSecret('idp-scim-token', { metadata: { labels: { x: 'y' } } }),
      ).rejects.toThrow('refused by ValidatingAdmissionPolicy'),
    );

    await tokens.annotate('rotate', 'now');
    await integration.settled('False', 'ReconciliationFailed');
    expect((await integration.condition('Ready'))?.message).toContain(rule.name);
    expect(await integration.condition('TokenReady')).toMatchObject({ status: 'True' });
    expect(await integration.authenticate(token)).toBeDefined();
    expect(await integration.token()).toBe(token);

    await rule.remove();
    await heals(integration);
    const rotated = await integration.token();
    expect(rotated).not.toBe(token);
    expect(await integration.authenticate(rotated)).toBeDefined();
    expect(await integration.authenticate(token)).toBeDefined();
    expect((await integration.get()).status?.lastHandledRotate).toBe('now');
  });
});
