/** ScimTenants for tests, and namespaces whose labels change. */

import { SCIM_TENANTS } from '../../../src/crd/names.ts';
import type { KubeIntegration, KubeTenant } from '../../../src/crd/objects.ts';
import type { ScimTenantSpec } from '../../../src/crd/scim-tenant.ts';
import { authenticate } from '../../../src/directory/tokens.ts';
import type { Client } from '../../../src/kube/client.ts';
import { type KubeObject, NAMESPACES } from '../../../src/kube/resource.ts';
import { eventually } from '../eventually.ts';
import { createNamespace, TEST_MANAGER } from '../kube/cluster.ts';
import { type OperatorFixture, TestIntegration, unique } from './fixture.ts';

/** Returns the name, which is the name of the tenant. */
export async function createTenant(
  client: Client,
  namespaces: ScimTenantSpec['namespaces'],
  name = unique('tenant'),
): Promise<string> {
  const tenant = { metadata: { name }, spec: { namespaces } } as KubeObject;
  await client.create(SCIM_TENANTS, tenant, TEST_MANAGER);
  return name;
}

export async function changeTenant(
  client: Client,
  name: string,
  namespaces: ScimTenantSpec['namespaces'],
): Promise<void> {
  const patch = { spec: { namespaces } };
  await client.mergePatch(SCIM_TENANTS, { name }, patch, { fieldManager: TEST_MANAGER });
}

export const deleteTenant = (client: Client, name: string) => client.delete(SCIM_TENANTS, { name });

export const getTenant = (client: Client, name: string) =>
  client.get<KubeObject & KubeTenant>(SCIM_TENANTS, { name });

/** Sets the labels of a namespace. null removes a label. */
export async function label(
  client: Client,
  name: string,
  labels: Readonly<Record<string, string | null>>,
): Promise<void> {
  const patch = { metadata: { labels } };
  await client.mergePatch(NAMESPACES, { name }, patch, { fieldManager: TEST_MANAGER });
}

/** Deletes the namespace and creates another one with the same name. */
export async function recreateNamespace(client: Client, name: string): Promise<void> {
  await client.delete(NAMESPACES, { name });
  await eventually(() => client.create(NAMESPACES, { metadata: { name } }, TEST_MANAGER));
}

/** Creates the integration `idp` for the tenant in a new namespace. */
export async function integrationIn(
  fixture: OperatorFixture,
  tenant: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<TestIntegration> {
  const namespace = await createNamespace(fixture.admin, 'team', labels);
  return TestIntegration.createIn(fixture, namespace, { tenant });
}

export type Answer = 'open' | 'not allowed' | 'unauthorized';

/** What a request with the token would get at the endpoint of the integration. */
export async function ask(
  { store }: OperatorFixture,
  tenant: string,
  integrationId: string,
  token: string,
): Promise<Answer> {
  const found = await authenticate(store, tenant, integrationId, token, Date.now());
  if (found === undefined) return 'unauthorized';
  return found.integration.allowed ? 'open' : 'not allowed';
}

export interface Door {
  readonly tenant: string;
  readonly id: string;
  readonly token: string;
  answer(): Promise<Answer>;
  /** Waits until a request gets this answer. */
  becomes(answer: Answer): Promise<void>;
}

/** The endpoint of a Ready integration, with its current token. */
export async function doorOf(
  fixture: OperatorFixture,
  integration: TestIntegration,
): Promise<Door> {
  const { status }: KubeIntegration = await integration.settled('True', 'Succeeded');
  const { tenant = '', integrationId: id = '' } = status ?? {};
  const token = await integration.token();
  const answer = () => ask(fixture, tenant, id, token);
  return {
    tenant,
    id,
    token,
    answer,
    becomes: (wanted) =>
      eventually(async () => {
        const now = await answer();
        if (now !== wanted) throw new Error(`the answer is ${now} instead of ${wanted}`);
      }),
  };
}
