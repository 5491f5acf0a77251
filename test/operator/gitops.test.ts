/**
 * Argo CD, Flux and kubectl apply the same manifests again and again. That must change nothing and
 * must never look like drift to them.
 */
import { describe, expect, it } from 'vitest';
import {
  LABEL_MANAGED_BY,
  MANAGED_BY,
  SCIM_INTEGRATIONS,
  SCIM_TENANTS,
} from '../../src/crd/names.ts';
import {
  apiVersionOf,
  type KubeObject,
  keyOf,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../src/kube/resource.ts';
import { FIELD_MANAGER } from '../../src/operator/ownership.ts';
import { dryRunApply } from '../crd/raw-call.ts';
import { eventually } from '../support/eventually.ts';
import { createNamespace } from '../support/kube/cluster.ts';
import { TestIntegration, unique, useOperator } from '../support/operator/fixture.ts';
import { getTenant } from '../support/operator/tenants.ts';

const fixture = useOperator({ starts: {} });

type Marks = Pick<KubeObject['metadata'], 'labels' | 'annotations'>;

const ARGO_CD = 'argocd-controller';
const FLUX = 'kustomize-controller';
/**
 * The marks by which the tools know their objects. They would prune any other object that has them.
 */
const MARKS: Readonly<Record<string, (name: string) => Marks>> = {
  [ARGO_CD]: (name) => ({
    labels: { 'app.kubernetes.io/instance': 'platform' },
    annotations: { 'argocd.argoproj.io/tracking-id': `platform:scim-operator.dev/${name}` },
  }),
  [FLUX]: () => ({
    labels: {
      'kustomize.toolkit.fluxcd.io/name': 'platform',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    },
  }),
};

const SPEC = {
  displayName: 'Company',
  enabled: true,
  identityProvider: 'Okta',
  token: { rotation: { interval: '720h', overlap: '24h' } },
};

interface Manifest extends KubeObject {
  readonly spec: object;
}

function manifestOf(
  resource: ResourceDefinition,
  metadata: KubeObject['metadata'],
  spec: object,
): Manifest {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, spec };
}

async function integrationManifest(marks: (name: string) => Marks): Promise<Manifest> {
  const namespace = await createNamespace(fixture.admin, 'tenant');
  const name = unique('idp');
  const metadata = { namespace, name, ...marks(`ScimIntegration:${namespace}/${name}`) };
  return manifestOf(SCIM_INTEGRATIONS, metadata, SPEC);
}

const probeOf = ({ metadata: { namespace = '', name } }: Manifest) =>
  new TestIntegration(fixture, namespace, name);

/** Applies the manifest again once the status has settled. */
async function expectNoDrift(
  resource: ResourceDefinition,
  manifest: Manifest,
  manager: string,
): Promise<void> {
  const { admin } = fixture;
  await eventually(async () => {
    const before = await admin.get(resource, keyOf(manifest));
    expect(await dryRunApply(resource, manifest, manager)).toEqual(before);
    expect(await admin.apply<KubeObject>(resource, manifest, manager)).toEqual(before);
    expect(before).toMatchObject({
      ...manifest,
      metadata: { ...manifest.metadata, generation: 1 },
    });
  });
  // The operator owns nothing of the object but its status.
  const { metadata } = await admin.get<KubeObject>(resource, keyOf(manifest));
  const ours = metadata.managedFields?.filter(({ manager: each }) => each === FIELD_MANAGER);
  expect(ours?.map(({ subresource }) => subresource)).toEqual(['status']);
}

describe.each([ARGO_CD, FLUX])('%s with server-side apply', (manager) => {
  const marks = MARKS[manager] ?? (() => ({}));

  it('sees no drift in a ScimIntegration, and its marks are on none of the objects created for it', async () => {
    const manifest = await integrationManifest(marks);
    const { namespace = '' } = manifest.metadata;
    await fixture.admin.apply(SCIM_INTEGRATIONS, manifest as KubeObject, manager);
    await probeOf(manifest).settled('True', 'Succeeded');
    await expectNoDrift(SCIM_INTEGRATIONS, manifest, manager);

    const marked = Object.keys({ ...manifest.metadata.labels, ...manifest.metadata.annotations });
    const labelSelector = `${LABEL_MANAGED_BY}=${MANAGED_BY}`;
    for (const kind of [SECRETS, SERVICE_ACCOUNTS, ROLES, ROLE_BINDINGS]) {
      const { items } = await fixture.admin.list<KubeObject>(kind, { namespace, labelSelector });
      expect(items).toHaveLength(1);
      const { labels, annotations } = items?.[0]?.metadata ?? {};
      const found = Object.keys({ ...labels, ...annotations });
      expect(found.filter((key) => marked.includes(key))).toEqual([]);
    }
  });

  it('sees no drift in a ScimTenant', async () => {
    const name = unique('tenant');
    const spec = { namespaces: { names: ['acme'], selector: { matchLabels: { team: 'a' } } } };
    const manifest = manifestOf(SCIM_TENANTS, { name, ...marks(`ScimTenant:/${name}`) }, spec);
    await fixture.admin.apply(SCIM_TENANTS, manifest as KubeObject, manager);
    await eventually(async () =>
      expect((await getTenant(fixture.admin, name)).status?.observedGeneration).toBe(1),
    );
    await expectNoDrift(SCIM_TENANTS, manifest, manager);
  });

  it('can change the spec, and the operator acts on it', async () => {
    const manifest = await integrationManifest(marks);
    await fixture.admin.apply(SCIM_INTEGRATIONS, manifest as KubeObject, manager);
    const integration = probeOf(manifest);
    await integration.settled('True', 'Succeeded');
    const changed = { ...manifest, spec: { ...SPEC, enabled: false } };
    await fixture.admin.apply(SCIM_INTEGRATIONS, changed as KubeObject, manager);
    expect((await integration.settled('True', 'Disabled')).spec).toEqual(changed.spec);
    await fixture.admin.apply(SCIM_INTEGRATIONS, manifest as KubeObject, manager);
    expect((await integration.settled('True', 'Succeeded')).spec).toEqual(manifest.spec);
  });
});

describe('client-side apply', () => {
  it('has nothing to patch after the operator has reconciled', async () => {
    const manifest = await integrationManifest(() => ({}));
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const applied = {
      ...manifest,
      metadata: { ...manifest.metadata, annotations: { [annotation]: JSON.stringify(manifest) } },
    };
    await fixture.admin.create(
      SCIM_INTEGRATIONS,
      applied as KubeObject,
      'kubectl-client-side-apply',
    );
    const live = await probeOf(manifest).settled('True', 'Succeeded');
    // The patch consists of what the object lacks of the manifest, and of what the manifest lacks
    // of the annotation.
    expect(live).toMatchObject(applied);
    expect(JSON.parse(live.metadata.annotations?.[annotation] ?? '')).toEqual(manifest);
    expect(live.spec).toEqual(manifest.spec);
  });
});
