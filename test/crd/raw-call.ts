/**
 * Calls to the API server for which the client has no method, namely tables for kubectl and dry
 * runs of YAML.
 */
import { request } from 'undici';
import { inject } from 'vitest';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  keyOf,
  type ObjectKey,
  type ResourceDefinition,
  urlPathOf,
} from '../../src/kube/resource.ts';
import { TEST_MANAGER } from '../support/kube/cluster.ts';

async function call(
  method: 'GET' | 'PATCH',
  path: string,
  headers: Record<string, string>,
  body: string | null = null,
): Promise<unknown> {
  const connection = new Connection(loadKubeConfig(inject('kubeconfig')));
  const access = await connection.access();
  const answer = await request(`${connection.server}${path}`, {
    method,
    dispatcher: access.dispatcher,
    headers: { ...access.headers, ...headers },
    body,
  });
  const json = await answer.body.json();
  await connection.close();
  return json;
}

/** Returns the spec that the API server derives from the text of a CustomResourceDefinition. */
export async function dryRunYaml(name: string, text: string): Promise<unknown> {
  const path = urlPathOf(CUSTOM_RESOURCE_DEFINITIONS, { name });
  const query = `fieldManager=${TEST_MANAGER}&force=true&fieldValidation=Strict&dryRun=All`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const answer = await call('PATCH', `${path}?${query}`, headers, text);
  return (answer as { spec?: unknown }).spec;
}

/** Returns the object as applying it would leave it, without writing it. */
export async function dryRunApply(
  resource: ResourceDefinition,
  object: KubeObject,
  fieldManager: string,
): Promise<KubeObject> {
  const query = `fieldManager=${fieldManager}&force=true&dryRun=All`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const path = `${urlPathOf(resource, keyOf(object))}?${query}`;
  return (await call('PATCH', path, headers, JSON.stringify(object))) as KubeObject;
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

/** Returns what kubectl prints for an object as a map from columns to cells, in order. */
export async function printed(
  resource: ResourceDefinition,
  key: ObjectKey,
): Promise<Record<string, unknown>> {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const table = (await call('GET', urlPathOf(resource, key), { accept })) as Table;
  return Object.fromEntries(
    table.columnDefinitions.map((column, index) => [
      column.priority === 0 ? column.name : `${column.name} (wide)`,
      table.rows[0]?.cells[index],
    ]),
  );
}
