/** What the chart renders, as the API server sees it. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { NAMESPACES } from '../../../src/kube/resource.ts';
import { BOTH_HELMS, Helm, RELEASE, useHelm } from '../../support/chart/helm.ts';
import { MATRIX } from '../../support/chart/values.ts';
import { eventually } from '../../support/eventually.ts';
import { AnyObjects, stubCrd } from '../../support/kube/any-objects.ts';
import { adminClient, TEST_MANAGER } from '../../support/kube/cluster.ts';

/** Those that the matrix names. */
const NAMESPACES_OF_VALUES = [RELEASE, 'monitoring', 'acme', 'globex'];
const STUBS = [
  ['monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'],
  ['monitoring.coreos.com', 'v1', 'PodMonitor', 'podmonitors'],
  ['monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'],
  ['gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'],
  ['cert-manager.io', 'v1', 'Certificate', 'certificates'],
] as const;

useHelm();
let objects: AnyObjects;
beforeAll(async () => {
  const admin = adminClient();
  for (const name of NAMESPACES_OF_VALUES)
    await admin.apply(NAMESPACES, { metadata: { name } }, TEST_MANAGER);
  objects = new AnyObjects(inject('kubeconfig'), RELEASE);
  for (const [group, version, kind, plural] of STUBS)
    await objects.apply(stubCrd(group, version, kind, plural));
  for (const [group, version, kind] of STUBS) {
    const probe = `{"apiVersion":"${group}/${version}","kind":"${kind}","metadata":{"name":"probe"}}`;
    await eventually(() => objects.apply(probe, { dryRun: true }));
  }
});
afterAll(() => objects?.close());

describe.each(BOTH_HELMS)('what helm %s renders', (major) => {
  it.each(Object.entries(MATRIX))('is taken by the API server: %s', async (_, values) => {
    const yaml = await new Helm(major).template(values);
    await expect(objects.apply(yaml, { dryRun: true })).resolves.toBeUndefined();
  });
});
