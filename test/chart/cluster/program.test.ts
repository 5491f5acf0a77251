/** The program under the ServiceAccount, the permissions, the policies and the options that the chart installs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../hack/control-plane/start.ts';
import { serviceAccountKubeconfig } from '../../../hack/operator/install.ts';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import type { Client } from '../../../src/kube/client.ts';
import { loadKubeConfig } from '../../../src/kube/connection.ts';
import type { Role } from '../../../src/kube/objects.ts';
import {
  CLUSTER_ROLES,
  CONFIG_MAPS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLES,
} from '../../../src/kube/resource.ts';
import { Helm, RELEASE, useHelm, type Values } from '../../support/chart/helm.ts';
import { MINIMAL } from '../../support/chart/values.ts';
import { eventually } from '../../support/eventually.ts';
import { untilGranted, userOf } from '../../support/kube/access.ts';
import { adminClient, TEST_MANAGER } from '../../support/kube/cluster.ts';
import { Program } from '../../support/program.ts';

useHelm();

const helm = new Helm('v4');
let controlPlane: ControlPlane;
let admin: Client;
let folder: string;
let program: Program | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'scim-chart-'));
  controlPlane = await startControlPlane({ controllerManager: true, log: () => undefined });
  admin = adminClient(controlPlane.kubeconfig);
  for (const name of [RELEASE, 'acme', 'globex'])
    await admin.create(NAMESPACES, { metadata: { name } }, TEST_MANAGER);
});
afterEach(() => program?.stop());
afterAll(async () => {
  await controlPlane.stop();
  rmSync(folder, { recursive: true });
});

/** What the pod would run. Only the paths and the ports are others. */
async function start(verb: 'install' | 'upgrade', values: Values): Promise<Program> {
  const { kubeconfig } = controlPlane;
  await helm.onChart(verb, { ...MINIMAL, ...values }, { kubeconfig });
  const key = { namespace: RELEASE, name: RELEASE };
  const { data } = await admin.get<KubeObject & { data: Record<string, string> }>(CONFIG_MAPS, key);
  await untilGranted(admin, userOf(key), await rolesOfRelease());
  const path = join(folder, 'operator.kubeconfig');
  const config = loadKubeConfig(kubeconfig);
  writeFileSync(path, await serviceAccountKubeconfig(admin, config, RELEASE, RELEASE));
  const database = `--database-url=file:${join(folder, 'directory.db')}`;
  const args = ['run', `--kubeconfig=${path}`, database, '--port=0', '--ops-port=0'];
  program = new Program(args, data);
  await program.logged('lead was taken');
  return program;
}

/** Without the roles that the chart aggregates for users. */
async function rolesOfRelease(): Promise<Role[]> {
  const isOfOperator = ({ metadata }: Role) =>
    metadata.name === RELEASE || metadata.name === `${RELEASE}-leader-election`;
  const lists = await Promise.all([admin.list<Role>(CLUSTER_ROLES), admin.list<Role>(ROLES)]);
  return lists.flatMap(({ items }) => (items ?? []).filter(isOfOperator));
}

const create = (resource: ResourceDefinition, namespace: string, name: string, spec: object) =>
  eventually(() =>
    admin.create(resource, { metadata: { namespace, name }, spec } as KubeObject, TEST_MANAGER),
  );
const readyOf = async (namespace: string) => {
  const key = { namespace, name: 'idp' };
  const { status } = await admin.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status;
};
const untilReady = (namespace: string) =>
  eventually(async () => expect(await readyOf(namespace)).toBe('True'));
/** Calls that the API server refused. */
const refusals = ({ lines }: Program) =>
  lines.filter(({ time: _, ...line }) => /\b403\b/.test(JSON.stringify(line)));

describe('the program that the chart installs', () => {
  it('looks after every namespace', async () => {
    const running = await start('install', {});
    for (const namespace of ['acme', 'globex'])
      await create(SCIM_INTEGRATIONS, namespace, 'idp', {});
    for (const namespace of ['acme', 'globex']) await untilReady(namespace);
    expect(refusals(running)).toEqual([]);
  });

  it('follows groups, and finds its policy in force', async () => {
    const groupBindings = { enabled: true, clusterRoles: ['view'] };
    const running = await start('upgrade', { groupBindings });
    const roleRef = { kind: 'ClusterRole', name: 'view' };
    const spec = { group: { displayName: 'Staff' }, roleRef };
    await create(SCIM_GROUP_BINDINGS, 'acme', 'staff', spec);
    await eventually(async () => {
      const { status } = await admin.get<KubeIntegration>(SCIM_GROUP_BINDINGS, {
        namespace: 'acme',
        name: 'staff',
      });
      const types = status?.conditions?.map(({ type, reason }) => `${type} ${reason}`);
      expect(types).toContain('Ready GroupNotFound');
      expect(types?.join()).not.toContain('Unguarded');
    });
    expect(refusals(running)).toEqual([]);
  });

  it('looks after chosen namespaces with a Role in each', async () => {
    const running = await start('upgrade', { watchNamespaces: ['acme'] });
    await admin.mergePatch(
      SCIM_INTEGRATIONS,
      { namespace: 'acme', name: 'idp' },
      { spec: { displayName: 'Seen' } },
      { fieldManager: TEST_MANAGER },
    );
    await eventually(async () => {
      const key = { namespace: 'acme', name: 'idp' };
      const { metadata, status } = await admin.get<KubeIntegration>(SCIM_INTEGRATIONS, key);
      expect(status?.observedGeneration).toBe(metadata.generation);
    });
    await untilReady('acme');
    // The only one that is optional: no Role can allow it.
    expect(refusals(running).map(({ resource }) => resource)).toEqual(['namespaces']);
  });
});
