/** An operator for a few namespaces, with exactly the permissions of such an installation. */
import type { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { parseExposition } from '../../hack/process/exposition.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import type { PolicyRule } from '../../src/kube/objects.ts';
import {
  type KubeObject,
  NAMESPACES,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { CLUSTER_RULES, namespacedManifests, TENANT_RULES } from '../../src/operator/rbac.ts';
import { captureLog } from '../support/captured-log.ts';
import { eventually } from '../support/eventually.ts';
import { adminClient, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';
import {
  installedFixture,
  type OperatorFixture,
  type StartOptions,
  TestIntegration,
  unique,
} from '../support/operator/fixture.ts';
import { createTenant } from '../support/operator/tenants.ts';

let fixture: OperatorFixture;
let home: string;
let second: string;
let stop: () => Promise<void> = async () => undefined;

async function installed(
  watched: readonly string[],
  clusterRules?: readonly PolicyRule[],
): Promise<OperatorFixture> {
  const more = clusterRules === undefined ? {} : { clusterRules };
  return installedFixture((name) => namespacedManifests(name, name, watched, more));
}

beforeAll(async () => {
  const admin = adminClient();
  [home, second] = [await createNamespace(admin, 'home'), await createNamespace(admin, 'second')];
  fixture = await installed([home, second]);
});
afterAll(() => fixture.close());

/** Starts an operator in place of the previous one. */
async function watch(watchNamespaces: readonly string[], options: StartOptions = {}) {
  await stop();
  const operator = fixture.start({ ...options, watchNamespaces });
  stop = operator.stop;
  return operator;
}

/** A connection as administrator, for tests that aren't about permissions. */
const adminConnection = () => new Connection(loadKubeConfig(inject('kubeconfig')));

async function sample(registry: Registry, name: string, labels: object = {}) {
  const samples = parseExposition(await registry.metrics());
  return samples.find(
    (each) => each.name === name && Object.entries(labels).every(([k, v]) => each.labels[k] === v),
  )?.value;
}

const integrationIn = (namespace: string) =>
  TestIntegration.createIn(fixture, namespace, {}, unique('idp'));

describe('an operator that watches some namespaces', () => {
  const later = unique('later');
  const { log, lines } = captureLog();
  let operator: Awaited<ReturnType<typeof watch>>;
  beforeAll(async () => {
    operator = await watch([home, later], { log });
  });

  it('creates everything for their integrations, and ends them', async () => {
    const integration = await integrationIn(home);
    await integration.settled('True', 'Succeeded');
    const token = await integration.token();
    expect(await integration.authenticate(token)).toBeDefined();
    await integration.delete();
    await eventually(async () => expect(await integration.authenticate(token)).toBeUndefined());
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
  });

  it('corrects drift in them', async () => {
    const integration = await integrationIn(home);
    await integration.settled('True');
    const key = { namespace: home, name: `scim-${integration.name}` };
    const wrong = { automountServiceAccountToken: true };
    await fixture.admin.mergePatch(SERVICE_ACCOUNTS, key, wrong, { fieldManager: TEST_MANAGER });
    await eventually(async () =>
      expect(await fixture.admin.get(SERVICE_ACCOUNTS, key)).toMatchObject({
        automountServiceAccountToken: false,
      }),
    );
  });

  it('reports a missing namespace, and manages it as soon as it and its Role exist', async () => {
    const resource = SCIM_INTEGRATIONS.plural;
    const refused = () => sample(operator.registry, 'reflector_refused_watches', { resource });
    const told = () => lines.filter((line) => line.resource === resource);
    expect(told()).toMatchObject([
      { level: 'warn', namespace: later, msg: expect.stringMatching(/could not be watched/) },
    ]);
    expect(await refused()).toBe(1);
    expect(operator.unready()).toContain(later);
    await fixture.admin.create(NAMESPACES, { metadata: { name: later } }, TEST_MANAGER);
    const integration = await integrationIn(later);
    const { namespace } = fixture;
    const { roles, roleBindings } = namespacedManifests(namespace, namespace, [later]);
    const inLater = ({ metadata }: KubeObject) => metadata.namespace === later;
    for (const role of roles.filter(inLater)) await fixture.admin.create(ROLES, role, TEST_MANAGER);
    for (const binding of roleBindings.filter(inLater))
      await fixture.admin.create(ROLE_BINDINGS, binding, TEST_MANAGER);
    await eventually(() => integration.settled('True'));
    await eventually(() => expect(operator.unready()).toBeUndefined());
    expect(await refused()).toBe(0);
    expect(told().at(-1)).toMatchObject({ namespace: later, msg: 'watch was restored' });
  });

  it('manages a namespace as soon as it is created if its permissions already exist', async () => {
    const name = unique('later');
    const next = await watch([home, name], { connection: adminConnection() });
    await eventually(() => expect(next.unready()).toBeUndefined());
    await fixture.admin.create(NAMESPACES, { metadata: { name } }, TEST_MANAGER);
    await (await integrationIn(name)).settled('True');
  });
});

describe('an operator that watches another namespace', () => {
  const { log, lines } = captureLog();
  let proxy: FaultProxy;
  beforeAll(async () => {
    proxy = await startFaultProxy(fixture.kubeconfig);
    await watch([home], { log, connection: new Connection(proxy.config) });
  });
  afterAll(async () => {
    await stop();
    await proxy.close();
  });

  it('changes and reads nothing in this one', async () => {
    const elsewhere = await TestIntegration.create(fixture);
    const before = await elsewhere.get();
    const integration = await integrationIn(home);
    await integration.settled('True');
    await integration.delete();
    await eventually(() => expect(integration.secret()).rejects.toThrow(/404/));
    expect(await elsewhere.get()).toEqual(before);
    const { namespace } = elsewhere;
    for (const kind of [SECRETS, ROLES, ROLE_BINDINGS])
      expect((await fixture.admin.list<KubeObject>(kind, { namespace })).items).toEqual([]);
    const clusterWide = proxy.requests.filter((call) => !call.includes(`/namespaces/${home}`));
    const paths = new Set(clusterWide.map((call) => call.replace(/\?.*/, '')));
    expect([...paths].sort()).toEqual([
      'GET /api/v1/namespaces',
      'GET /api/v1/namespaces/kube-system',
      'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/scimintegrations.scim-operator.dev',
      'GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/scimtenants.scim-operator.dev',
      'GET /apis/scim-operator.dev/v1alpha1/scimtenants',
    ]);
  });

  it('allows no other tenant if it may not read ScimTenants', async () => {
    const tenant = await createTenant(fixture.admin, { names: [home] });
    const integration = await TestIntegration.createIn(fixture, home, { tenant }, unique('idp'));
    await integration.settled('False', 'TenantNotAllowed');
    const told = lines.filter(({ resource }) => resource === 'scimtenants');
    expect(told.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^ScimTenants could not be/),
    ]);
  });
});

describe('an operator that may read ScimTenants but not list namespaces', () => {
  it('still honours their selectors', async () => {
    const namespace = await createNamespace(fixture.admin, 'team', { team: 'a' });
    const other = await installed([namespace], [...CLUSTER_RULES, ...TENANT_RULES]);
    try {
      other.start({ watchNamespaces: [namespace] });
      const tenant = await createTenant(fixture.admin, {
        selector: { matchLabels: { team: 'a' } },
      });
      const integration = await TestIntegration.createIn(other, namespace, { tenant });
      await integration.settled('True', 'Succeeded');
    } finally {
      await other.close();
    }
  });
});

describe('an integration whose namespace is no longer watched', () => {
  it('keeps working even if its resource is deleted, and is reported by one warning and a metric', async () => {
    await watch([home, second], { connection: adminConnection() });
    const kept = await integrationIn(second);
    const ended = await integrationIn(home);
    const tokens = new Map<TestIntegration, string>();
    for (const integration of [kept, ended]) {
      await integration.settled('True');
      tokens.set(integration, await integration.token());
    }
    await stop();
    for (const integration of [kept, ended]) await integration.delete();
    const answers = (integration: TestIntegration) =>
      integration.authenticate(tokens.get(integration) ?? '');
    const { log, lines } = captureLog();
    const quick = () => ({ sweepIntervalMs: 50, connection: adminConnection() });
    const { registry } = await watch([home], { ...quick(), log });
    // The sweep that ended one would also have ended the other.
    await eventually(async () => expect(await answers(ended)).toBeUndefined());
    expect(await answers(kept)).toBeDefined();
    expect(await kept.secret()).toBeDefined();
    const told = lines.filter(({ msg }) => /not watched are still served/.test(msg));
    expect(told).toMatchObject([{ level: 'warn', namespaces: expect.arrayContaining([second]) }]);
    expect(await sample(registry, 'scim_operator_unwatched_integrations')).toBe(
      told[0]?.integrations,
    );
    await watch([home, second], quick());
    await eventually(async () => expect(await answers(kept)).toBeUndefined());
  });

  it('keeps its users even if it ended with deletionPolicy Delete', async () => {
    // The previous operator may watch both.
    await stop();
    const { integrations } = fixture.store;
    const { metadata } = await fixture.admin.get(NAMESPACES, { name: 'kube-system' });
    const ended = (namespace: string) => ({
      ...{ id: unique('id'), clusterUid: metadata.uid ?? '', namespace, name: unique('idp') },
      ...{ tenant: namespace, uid: 'uid', namespaceUid: `uid of ${namespace}` },
      ...{ enabled: true, allowed: true, deletionPolicy: 'Delete' as const, endedAt: 1 },
    });
    const [kept, purged] = [ended(second), ended(home)];
    for (const record of [kept, purged]) await integrations.put(record);
    const connection = adminConnection();
    await watch([home], { sweepIntervalMs: 50, deprovisionDelayMs: 0, connection });
    await eventually(async () => expect(await integrations.get(purged.id)).toBeUndefined());
    expect(await integrations.get(kept.id)).toBeDefined();
  });
});

describe('an operator that may not read kube-system', () => {
  it('does not start, and names the missing permission', async () => {
    const rules = CLUSTER_RULES.filter(({ resources }) => !resources.includes('namespaces'));
    const other = await installed([home], rules);
    try {
      const { log, lines } = captureLog();
      const operator = other.start({ log, watchNamespaces: [home] });
      const line = await eventually(() => {
        const found = lines.find(({ msg }) =>
          msg.startsWith('Kubernetes API refused the first call'),
        );
        expect(found).toBeDefined();
        return found;
      });
      expect(line?.reason).toMatch(/403 .*kube-system/);
      expect(operator.unready()).toMatch(/kube-system/);
      expect(operator.stuck()).toBeUndefined();
    } finally {
      await other.close();
    }
  });
});
