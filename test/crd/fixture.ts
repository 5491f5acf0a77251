/** ScimIntegrations in a namespace for one test file, on the API server of the test run. */
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { adminClient, applyCrds, createNamespace, TEST_MANAGER } from '../support/kube/cluster.ts';

export type Spec = Record<string, unknown> | undefined;

export interface Integration extends KubeObject {
  readonly spec?: Spec;
  readonly status?: Record<string, unknown>;
}

/** A valid integrationId of 21 characters. */
export const ID = 'AbCdEfGhIjKlMnOpQrS-_';

export interface IntegrationFixture {
  readonly client: Client;
  readonly namespace: string;
  /** Creates one under a new name, unless a name is given. */
  create(spec: Spec, more?: { name?: string }): Promise<Integration>;
  /** Creates one with the spec `before` and changes that to `after`. */
  replaceSpec(before: Spec, after: Spec): Promise<Integration>;
  patch(name: string, spec: Spec | null): Promise<Integration>;
  patchStatus(name: string, status: Record<string, unknown>): Promise<Integration>;
}

export async function integrationFixture(): Promise<IntegrationFixture> {
  const client = adminClient();
  await applyCrds(client);
  const namespace = await createNamespace(client, 'crd');
  let count = 0;
  const create: IntegrationFixture['create'] = (spec, { name } = {}) => {
    const metadata = { namespace, name: name ?? `x${++count}` };
    const object: Integration = spec === undefined ? { metadata } : { metadata, spec };
    return client.create(SCIM_INTEGRATIONS, object, TEST_MANAGER);
  };
  const patch: IntegrationFixture['patch'] = (name, spec) =>
    client.mergePatch(
      SCIM_INTEGRATIONS,
      { namespace, name },
      { spec },
      { fieldManager: TEST_MANAGER },
    );
  return {
    client,
    namespace,
    create,
    patch,
    replaceSpec: async (before, after) => {
      const { name } = (await create(before)).metadata;
      return patch(name, after === undefined ? null : { ...withoutValues(before), ...after });
    },
    patchStatus: (name, status) =>
      client.mergePatch(
        SCIM_INTEGRATIONS,
        { namespace, name },
        { status },
        { fieldManager: TEST_MANAGER, subresource: 'status' },
      ),
  };
}

const withoutValues = (spec: Spec) =>
  Object.fromEntries(Object.keys(spec ?? {}).map((key) => [key, null]));
