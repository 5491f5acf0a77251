/** How Flux, Helm and Argo CD interpret every single version of the custom resources. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../../src/crd/names.ts';
import type { KubeIntegration, KubeTenant } from '../../../src/crd/objects.ts';
import {
  type KubeObject,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { healthOf } from '../../support/kube/argocd-health.ts';
import { createNamespace, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { type KStatus, kstatusOf } from '../../support/kube/kstatus.ts';
import { VersionLog } from '../../support/kube/version-log.ts';
import { TestIntegration, unique, useOperator } from '../../support/operator/fixture.ts';
import { changeTenant, createTenant, deleteTenant } from '../../support/operator/tenants.ts';

const SCRIPTS = 'examples/argocd/resource_customizations/scim-operator.dev';
const HEALTH: Readonly<Record<KStatus, string>> = {
  InProgress: 'Progressing',
  Current: 'Healthy',
  Failed: 'Degraded',
  // Argo CD checks the deletionTimestamp before it runs a script.
  Terminating: 'Progressing',
};

const fixture = useOperator({ starts: {} });
let log: VersionLog<KubeIntegration>;
afterEach(() => log?.close());

/** An integration that the test is about to create. */
async function expected(namespace?: string): Promise<TestIntegration> {
  const integration = new TestIntegration(
    fixture,
    namespace ?? (await createNamespace(fixture.admin, 'tenant')),
    unique('idp'),
  );
  log = await VersionLog.of(fixture.admin, SCIM_INTEGRATIONS, integration.key);
  return integration;
}

/**
 * Waits for the last of `states`. Every earlier version of that generation must have one of the
 * previous states. Argo CD must agree with kstatus.
 */
async function passes<T extends KubeObject>(
  versions: VersionLog<T>,
  states: readonly KStatus[],
  isLast: (object: T) => boolean = () => true,
): Promise<T> {
  const seen = await versions.until((object) => {
    expect(kstatusOf(object)).toBe(states.at(-1));
    expect(isLast(object)).toBe(true);
  });
  const last = seen.at(-1);
  if (last === undefined) throw new Error('no version was seen');
  const { generation } = last.metadata;
  for (const object of seen.filter(({ metadata }) => metadata.generation === generation)) {
    const state = kstatusOf(object);
    if (object !== last) expect(states.slice(0, -1)).toContain(state);
    const script = readFileSync(`${SCRIPTS}/${object.kind}/health.lua`, 'utf8');
    expect(healthOf(script, object).status).toBe(HEALTH[state]);
  }
  return last;
}

const revision = ({ metadata }: KubeObject) => BigInt(metadata.resourceVersion ?? '0');

describe('an integration', () => {
  it('is in progress until everything is created, and then current', async () => {
    const integration = await expected();
    await integration.apply();
    expect(await passes(log, ['InProgress'])).toMatchObject({ status: { observedGeneration: -1 } });
    const current = await passes(log, ['InProgress', 'Current']);
    const { namespace } = integration;
    for (const [resource, name] of [
      [SECRETS, `${integration.name}-scim-token`],
      [SERVICE_ACCOUNTS, `scim-${integration.name}`],
      [ROLE_BINDINGS, `scim-${integration.name}`],
      [ROLES, 'SCIMProvisioner'],
    ] as const) {
      const child = await fixture.admin.get(resource, { namespace, name });
      // It was written before the version that reports it. The API server numbers all writes in one
      // order.
      expect(revision(child)).toBeLessThan(revision(current));
    }
    expect(await integration.authenticate(await integration.token())).toMatchObject({
      enabled: true,
    });
  });

  it('is current again only when disabling or enabling it has taken effect', async () => {
    const integration = await expected();
    await integration.apply();
    await passes(log, ['InProgress', 'Current']);
    const token = await integration.token();
    for (const enabled of [false, true]) {
      await integration.patch({ spec: { enabled } });
      await passes(log, ['InProgress', 'Current'], ({ spec }) => spec?.enabled === enabled);
      expect(await integration.authenticate(token)).toMatchObject({ enabled });
    }
  });

  it('is current after a change of token.secretName only when the token has moved', async () => {
    const integration = await expected();
    await integration.apply();
    await passes(log, ['InProgress', 'Current']);
    await integration.patch({ spec: { token: { secretName: 'moved' } } });
    const current = await passes(
      log,
      ['InProgress', 'Current'],
      ({ spec }) => spec?.token?.secretName === 'moved',
    );
    expect(revision(await integration.secret('moved'))).toBeLessThan(revision(current));
  });

  it('is in progress while reconciling a change is paused', async () => {
    const integration = await expected();
    await integration.apply();
    await passes(log, ['InProgress', 'Current']);
    await integration.patch({
      metadata: { annotations: { 'scim-operator.dev/reconcile': 'disabled' } },
      spec: { token: { secretName: 'moved' } },
    });
    const told = await integration.settled('True');
    expect(kstatusOf(told)).toBe('InProgress');
    await integration.patch({ metadata: { annotations: { 'scim-operator.dev/reconcile': null } } });
    await integration.settled('True');
    await log.until((object) => {
      expect(kstatusOf(object)).toBe('Current');
      expect(object.status?.tokenSecretRef?.name).toBe('moved');
    });
  });

  it('is in progress, not failed, while another Secret occupies the name', async () => {
    const integration = await expected();
    const { namespace } = integration;
    const secret = { namespace, name: `${integration.name}-scim-token` };
    await fixture.admin.create(SECRETS, { metadata: secret }, TEST_MANAGER);
    await integration.apply();
    const conflict = await passes(log, ['InProgress', 'InProgress'], ({ status }) =>
      JSON.stringify(status).includes('SecretConflict'),
    );
    expect(conflict.status?.observedGeneration).toBe(conflict.metadata.generation);
    await fixture.admin.delete(SECRETS, secret);
    await integration.patch({ spec: { displayName: 'look again' } });
    await passes(log, ['InProgress', 'Current']);
  });

  it('fails while its tenant is not allowed, and is current once it is', async () => {
    const integration = await expected();
    const tenant = unique('tenant');
    await integration.apply({ tenant });
    await passes(log, ['InProgress', 'Failed']);
    await createTenant(fixture.admin, { names: [integration.namespace] }, tenant);
    const current = await passes(log, ['Failed', 'InProgress', 'Current']);
    expect(revision(await integration.secret())).toBeLessThan(revision(current));
    await deleteTenant(fixture.admin, tenant);
    await passes(log, ['Current', 'Failed']);
  });

  it('keeps its last status when it is deleted', async () => {
    const integration = await expected();
    await integration.apply();
    await passes(log, ['InProgress', 'Current']);
    await integration.delete();
    const rest = await log.until((_, type) => expect(type).toBe('DELETED'));
    expect(rest.map(kstatusOf).filter((state) => state !== 'Current')).toEqual([]);
  });
});

describe('a ScimTenant', () => {
  it('is current once its latest change is in force', async () => {
    const name = unique('tenant');
    const versions = await VersionLog.of<KubeTenant & KubeObject>(fixture.admin, SCIM_TENANTS, {
      name,
    });
    try {
      await createTenant(fixture.admin, { selector: {} }, name);
      await passes(versions, ['InProgress', 'Current']);
      await changeTenant(fixture.admin, name, { names: ['nobody'], selector: null as never });
      await passes(
        versions,
        ['InProgress', 'Current'],
        ({ metadata }) => metadata.generation === 2,
      );
    } finally {
      await versions.close();
    }
  });
});
