/** A release from its installation to its end, with helm 3 and helm 4. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../hack/control-plane/start.ts';
import { allCrds } from '../../../src/crd/manifest.ts';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../../src/crd/names.ts';
import { type Client, getIfExists } from '../../../src/kube/client.ts';
import type { AdmissionPolicy } from '../../../src/kube/objects.ts';
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ObjectKey,
  type ResourceDefinition,
} from '../../../src/kube/resource.ts';
import { BOTH_HELMS, Helm, RELEASE, useHelm, type Values } from '../../support/chart/helm.ts';
import { MINIMAL } from '../../support/chart/values.ts';
import { eventually } from '../../support/eventually.ts';
import { adminClient, TEST_MANAGER } from '../../support/kube/cluster.ts';

const namespaced = (
  group: string,
  version: string,
  plural: string,
  kind: string,
): ResourceDefinition => ({ group, version, plural, kind, namespaced: true });
const DEPLOYMENTS = namespaced('apps', 'v1', 'deployments', 'Deployment');
const PODS = namespaced('', 'v1', 'pods', 'Pod');
const CLAIMS = namespaced('', 'v1', 'persistentvolumeclaims', 'PersistentVolumeClaim');

interface Scaled extends KubeObject {
  readonly spec: { readonly replicas: number };
}

interface Conditioned extends KubeObject {
  readonly status?: { readonly conditions?: readonly unknown[] };
}

const INTEGRATION = { namespace: RELEASE, name: 'company-idp' };
const RENAMED = 'identity';
const RELEASED = { namespace: RELEASE, name: RELEASE };

useHelm();
let controlPlane: ControlPlane;
let admin: Client;
beforeAll(async () => {
  controlPlane = await startControlPlane({ controllerManager: true, log: () => undefined });
  admin = adminClient(controlPlane.kubeconfig);
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await admin.create(NAMESPACES, { metadata: { name: RELEASE, labels } }, TEST_MANAGER);
});
afterAll(() => controlPlane?.stop());

/** Deletes what releases leave behind, so that the next one finds a cluster without it. */
async function forget(): Promise<void> {
  // For the end of a CRD, the API server lists the objects of its kind, which fails while it fills
  // a cache for them. It may lose the retry, and then it looks again only after five minutes.
  for (const resource of [SCIM_INTEGRATIONS, SCIM_TENANTS, SCIM_GROUP_BINDINGS])
    await eventually(() => admin.list(resource));
  const policy = { name: 'scimgroupbindings.scim-operator.dev' };
  const left: (readonly [ResourceDefinition, ObjectKey])[] = [
    [CLAIMS, RELEASED],
    [CLAIMS, { namespace: RELEASE, name: `${RENAMED}-${RELEASE}` }],
    [ADMISSION_POLICY_BINDINGS, policy],
    [ADMISSION_POLICIES, policy],
    ...allCrds().map(({ metadata }) => [CUSTOM_RESOURCE_DEFINITIONS, metadata] as const),
  ];
  for (const [resource, key] of left) await admin.delete(resource, key);
  for (const [resource, key] of left) await eventually(() => expectGone(resource, key));
}

async function expectGone(resource: ResourceDefinition, key: ObjectKey): Promise<void> {
  const left = await getIfExists<Conditioned>(admin, resource, key);
  if (left === undefined) return;
  const { metadata, status } = left;
  const why = { finalizers: metadata.finalizers, conditions: status?.conditions };
  throw new Error(`${resource.kind} ${key.name} is left: ${JSON.stringify(why)}`);
}

describe.each(BOTH_HELMS)('with helm %s', (major) => {
  const helm = new Helm(major);
  afterAll(async () => {
    await plain('uninstall', RENAMED);
    await forget();
  });

  const run = (verb: string, values: Values, ...args: string[]) =>
    helm.onChart(verb, { ...MINIMAL, ...values }, { kubeconfig: controlPlane.kubeconfig, args });
  const plain = (...args: string[]) => helm.run(args, { kubeconfig: controlPlane.kubeconfig });
  const rateLimit = async () => {
    const { data } = await admin.get<KubeObject & { data: Record<string, string> }>(
      CONFIG_MAPS,
      RELEASED,
    );
    return data.SCIM_OPERATOR_RATE_LIMIT;
  };
  /** As `kubectl scale` does. */
  const scale = (replicas: number) =>
    admin.mergePatch(DEPLOYMENTS, RELEASED, { spec: { replicas } }, { fieldManager: 'kubectl' });
  const replicas = async () => (await admin.get<Scaled>(DEPLOYMENTS, RELEASED)).spec.replicas;

  it('is installed, says what to do next, and its pod passes Pod Security restricted', async () => {
    const notes = await run('install', {});
    expect(notes).toContain('kubectl --namespace scim-operator rollout status');
    expect(notes).toContain('helm uninstall keeps the CRDs');
    await eventually(async () => {
      const { items } = await admin.list(PODS, { namespace: RELEASE });
      expect(items).toHaveLength(1);
    });
    const integration = { metadata: INTEGRATION, spec: {} };
    await eventually(() => admin.create(SCIM_INTEGRATIONS, integration, TEST_MANAGER));
  });

  it('has admission policies that a GitOps tool finds as it applied them', async () => {
    const rendered = (await helm.objects(MINIMAL)).filter(
      ({ kind }) => kind === ADMISSION_POLICIES.kind,
    );
    expect(rendered.length).toBeGreaterThan(1);
    for (const { metadata, spec } of rendered) {
      const { resourceRules } = (spec as AdmissionPolicy['spec'])?.matchConstraints ?? {};
      const live = await admin.get<AdmissionPolicy>(ADMISSION_POLICIES, metadata);
      // Argo CD compares this list as a whole, with what the API server has filled in.
      expect(live.spec?.matchConstraints?.resourceRules).toEqual(resourceRules);
    }
  });

  it('is upgraded and rolled back', async () => {
    await run('upgrade', { rateLimit: 50 });
    expect(await rateLimit()).toBe('50');
    await plain('rollback', RELEASE, '1');
    expect(await rateLimit()).toBe('1000');
  });

  it('leaves a scaled Deployment as it is, if the values leave the number open', async () => {
    await run('upgrade', { replicaCount: null });
    await scale(0);
    await run('upgrade', { replicaCount: null, rateLimit: 60 });
    expect(await rateLimit()).toBe('60');
    expect(await replicas()).toBe(0);
  });

  it('takes a scaled Deployment back, if the values say how many', async () => {
    if (major === 'v4') {
      await expect(run('upgrade', {})).rejects.toThrow(
        /conflict with "kubectl".*\.spec\.replicas/s,
      );
      await run('upgrade', {}, '--force-conflicts');
    } else {
      await run('upgrade', {});
    }
    expect(await replicas()).toBe(1);
  });

  it('is uninstalled, and CRDs, integrations, the volume and the policy stay', async () => {
    await plain('uninstall', RELEASE);
    await eventually(() => expect(admin.get(DEPLOYMENTS, RELEASED)).rejects.toThrow(/404/));
    await admin.get(CLAIMS, RELEASED);
    await admin.get(SCIM_INTEGRATIONS, INTEGRATION);
    await admin.get(ADMISSION_POLICIES, { name: 'scimgroupbindings.scim-operator.dev' });
    await expect(admin.get(ADMISSION_POLICIES, { name: 'scim-operator-secrets' })).rejects.toThrow(
      /404/,
    );
  });

  it('is installed again and finds them', async () => {
    const { metadata } = await admin.get<KubeObject>(CLAIMS, RELEASED);
    await run('install', {});
    expect((await admin.get<KubeObject>(CLAIMS, RELEASED)).metadata.uid).toBe(metadata.uid);
    await run('upgrade', {});
    await admin.get(SCIM_INTEGRATIONS, INTEGRATION);
    await plain('uninstall', RELEASE);
  });

  it('takes them over under another name, when told to', async () => {
    const options = { kubeconfig: controlPlane.kubeconfig, release: RENAMED };
    await expect(helm.onChart('install', MINIMAL, options)).rejects.toThrow(/ownership metadata/);
    await helm.onChart('install', MINIMAL, { ...options, args: ['--take-ownership'] });
    await admin.get(SCIM_INTEGRATIONS, INTEGRATION);
  });
});
