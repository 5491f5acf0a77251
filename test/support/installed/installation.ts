/** An installation of the chart on the cluster that KUBECONFIG names. */
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll } from 'vitest';
import type { HelmMajor } from '../../../hack/helm/programs.ts';
import { IMAGE as BUILT } from '../../../hack/image/names.ts';
import { groupBindingPolicy } from '../../../src/crd/group-binding-policy.ts';
import { allCrds } from '../../../src/crd/manifest.ts';
import { Helm, RELEASE, useHelm, type Values } from '../chart/helm.ts';
import { eventually } from '../eventually.ts';
import { applyObjects, kubectl, valueAt } from './kubectl.ts';

/** On every node of the cluster. */
export const IMAGE = process.env.IMAGE || BUILT;
/** The namespace of the integration. */
export const PROVISIONED = 'scim-e2e-acme';
export const INTEGRATION = 'company-idp';

const DEPLOYMENT = ['deployment', RELEASE, '--namespace', RELEASE];
const WAIT = ['--wait', '--timeout', '180s'];
const ENFORCED = { 'pod-security.kubernetes.io/enforce': 'restricted' };
const CRDS = allCrds().map(({ metadata }) => metadata.name);

export class ClusterInUseError extends Error {
  override readonly name = 'ClusterInUseError';
}

/** Namespaces with enforced Pod Security, which are removed at the end with all that is installed. */
export function useEmptyCluster(): void {
  useHelm();
  beforeAll(async () => {
    const found = await kubectl(['get', 'crd', '--ignore-not-found', '--output', 'name', ...CRDS]);
    if (found !== '')
      throw new ClusterInUseError(
        `the cluster already has ${found.trim()}; uninstall scim-operator, or use another cluster`,
      );
    await applyObjects(
      ...[RELEASE, PROVISIONED].map((name) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name, labels: ENFORCED },
      })),
    );
  });
  afterAll(async () => {
    await new Helm('v4').run(['uninstall', RELEASE, '--ignore-not-found', '--wait'], cluster());
    await kubectl(['delete', 'namespace', RELEASE, PROVISIONED, '--ignore-not-found']);
    await kubectl(['delete', 'crd', ...CRDS, '--ignore-not-found']);
    for (const { kind, metadata } of groupBindingPolicy())
      await kubectl(['delete', kind, metadata.name, '--ignore-not-found']);
  });
}

const cluster = () => ({ kubeconfig: process.env.KUBECONFIG ?? '' });

/** `install` or `upgrade`, until the pods are ready. */
export async function helm(major: HelmMajor, verb: string, values: Values): Promise<void> {
  const separator = IMAGE.lastIndexOf(':');
  const image = { repository: IMAGE.slice(0, separator), tag: IMAGE.slice(separator + 1) };
  const publicUrl = `http://${RELEASE}.${RELEASE}.svc`;
  const options = { ...cluster(), args: WAIT };
  await new Helm(major).onChart(verb, { publicUrl, image, ...values }, options);
}

export async function rollBack(major: HelmMajor): Promise<void> {
  await new Helm(major).run(['rollback', RELEASE, ...WAIT], cluster());
  await rolledOut();
}

export const uninstall = (major: HelmMajor) =>
  new Helm(major).run(['uninstall', RELEASE, '--wait'], cluster());

export const rolledOut = () => kubectl(['rollout', 'status', ...DEPLOYMENT, '--timeout=180s']);

/** Resolves once so many pods are ready, and no other is left. */
export async function scale(replicas: number): Promise<void> {
  await kubectl(['scale', ...DEPLOYMENT, `--replicas=${replicas}`]);
  await rolledOut();
  await eventually(async () => {
    const pods = await kubectl(['get', 'pods', '--namespace', RELEASE, '--output', 'name']);
    const left = pods.split('\n').filter((name) => name !== '').length;
    if (left !== replicas) throw new Error(`${left} pods are left`);
  });
}

/** Deletes each pod once, the next when the one before it is replaced. */
export async function deletePods(): Promise<void> {
  const names = await valueAt('{.items[*].metadata.name}', 'pods', '--namespace', RELEASE);
  for (const name of names.split(' ')) {
    await kubectl(['delete', 'pod', name, '--namespace', RELEASE]);
    await rolledOut();
  }
}

/** Restarts the node's kubelet, container runtime and kube-proxy with the command RESTART_NODE. */
export async function restartNode(): Promise<void> {
  const command = process.env.RESTART_NODE;
  if (!command)
    throw new Error(
      'set RESTART_NODE to a command that restarts the kubelet, kube-proxy and the container runtime',
    );
  const { status, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`RESTART_NODE exited with ${status}: ${stderr}`);
  await kubectl(['wait', 'node', '--all', '--for=condition=Ready', '--timeout=120s']);
  await rolledOut();
}

const integration = ['scimintegration', INTEGRATION, '--namespace', PROVISIONED];

/** Creates the integration, unless it exists, and resolves with its endpoint once it is ready. */
export async function endpointOfIntegration(): Promise<string> {
  const metadata = { name: INTEGRATION, namespace: PROVISIONED };
  const kind = { apiVersion: 'scim-operator.dev/v1alpha1', kind: 'ScimIntegration' };
  await eventually(() => applyObjects({ ...kind, metadata, spec: {} }), { everyMs: 500 });
  await kubectl(['wait', ...integration, '--for=condition=Ready', '--timeout=120s']);
  return valueAt('{.status.endpoint}', ...integration);
}

/** A page of the console, by way of the API server. */
export const pageOf = (path: string): Promise<string> =>
  kubectl([
    'get',
    '--raw',
    `/api/v1/namespaces/${RELEASE}/services/http:${RELEASE}:http/proxy${path}`,
  ]);

export const keptObjects = async () => ({
  crds: (await kubectl(['get', 'crd', ...CRDS, '--output', 'name'])).trim().split('\n').length,
  integration: await valueAt('{.metadata.name}', ...integration),
  claim: await valueAt('{.items[*].status.phase}', 'pvc', '--namespace', RELEASE),
});
