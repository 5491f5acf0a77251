import { globSync, readFileSync } from 'node:fs';
import { loadAllYaml } from '@kubernetes/client-node';
import { request } from 'undici';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { crdFiles, printCrds, scimIntegrationCrd } from '../../src/crd/manifest.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  pathOf,
} from '../../src/kube/resource.ts';
import { applyCrd, TEST_MANAGER } from '../support/cluster.ts';
import { type IntegrationFixture, integrationFixture } from './fixture.ts';

let fixture: IntegrationFixture;

beforeAll(async () => {
  fixture = await integrationFixture();
});

/** The API server's answer to a call that the client has no method for. */
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

/** The spec that the API server makes of a CustomResourceDefinition's text. */
async function dryRunYaml(name: string, text: string): Promise<unknown> {
  const path = pathOf(CUSTOM_RESOURCE_DEFINITIONS, { name });
  const query = `fieldManager=${TEST_MANAGER}&force=true&fieldValidation=Strict&dryRun=All`;
  const headers = { 'content-type': 'application/apply-patch+yaml' };
  const answer = await call('PATCH', `${path}?${query}`, headers, text);
  return (answer as { spec?: unknown }).spec;
}

interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}

/** What kubectl prints of an integration: column → cell, in order. */
async function printed(name: string): Promise<Record<string, unknown>> {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const path = pathOf(SCIM_INTEGRATIONS, { namespace: fixture.namespace, name });
  const table = (await call('GET', path, { accept })) as Table;
  return Object.fromEntries(
    table.columnDefinitions.map((column, index) => [
      column.priority === 0 ? column.name : `${column.name} (wide)`,
      table.rows[0]?.cells[index],
    ]),
  );
}

describe('kubectl get', () => {
  it('prints what the status says, and the endpoint and the key id where there is room', async () => {
    const { name } = (await fixture.create({})).metadata;
    const status = {
      tenant: 'acme',
      users: 3,
      groups: 0,
      lastRequestTime: new Date(Date.now() - 90_000).toISOString(),
      endpoint: 'https://scim.example.com/v2',
      tokenKeyId: 'AbCdEfGhIj',
      conditions: [
        condition('TokenReady', 'True', 'TokenIssued'),
        condition('Ready', 'False', 'ObjectConflict'),
      ],
    };
    await fixture.patchStatus(name, status);
    const row = await printed(name);
    expect(Object.keys(row)).toEqual([
      ...['Name', 'Tenant', 'Ready', 'Reason', 'Users', 'Groups', 'Last Request', 'Age'],
      ...['Endpoint (wide)', 'Key ID (wide)'],
    ]);
    expect(row).toMatchObject({
      Name: name,
      Tenant: 'acme',
      Ready: 'False',
      Reason: 'ObjectConflict',
      Users: 3,
      Groups: 0,
      'Last Request': expect.stringMatching(/^\d+[sm]/),
      'Endpoint (wide)': 'https://scim.example.com/v2',
      'Key ID (wide)': 'AbCdEfGhIj',
    });
  });

  it('prints an integration that nobody has looked at yet', async () => {
    const { name } = (await fixture.create(undefined)).metadata;
    expect(await printed(name)).toMatchObject({ Name: name, Tenant: null, Ready: null });
  });
});

const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

describe('the custom resource definition', () => {
  it('has a structural schema', async () => {
    const { status } = await applyCrd(fixture.client);
    expect(status?.conditions?.map(({ type }) => type)).not.toContain('NonStructuralSchema');
  });

  it('is what crds/ holds', () => {
    for (const [name, text] of Object.entries(crdFiles())) {
      expect(readFileSync(`crds/${name}`, 'utf8')).toBe(text);
    }
  });

  it('says the same as YAML, as people apply it, and as the object that this version applies', async () => {
    const { name } = scimIntegrationCrd().metadata;
    const applied = await fixture.client.get<KubeObject & { spec: unknown }>(
      CUSTOM_RESOURCE_DEFINITIONS,
      {
        name,
      },
    );
    expect(await dryRunYaml(name, printCrds())).toEqual(applied.spec);
  });

  it('has the short name scimint and the category scim', () => {
    expect(scimIntegrationCrd().spec.names).toMatchObject({
      shortNames: ['scimint'],
      categories: ['scim'],
    });
  });

  it('explains every field', () => {
    const undescribed: string[] = [];
    const visit = (schema: Record<string, unknown>, path: string): void => {
      const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
      for (const [name, property] of Object.entries(properties)) {
        if (property.description === undefined) undescribed.push(`${path}.${name}`);
        visit(property, `${path}.${name}`);
        if (property.items) visit(property.items as Record<string, unknown>, `${path}.${name}[]`);
      }
    };
    const { spec, status } = structuralSchema(ScimIntegration).properties as Record<
      string,
      Record<string, unknown>
    >;
    visit(spec ?? {}, 'spec');
    visit(status ?? {}, 'status');
    expect(undescribed).toEqual([]);
  });

  it('takes every example', async () => {
    for (const file of globSync('examples/*.yaml', { exclude: ['examples/prometheus-*.yaml'] })) {
      for (const document of loadAllYaml(readFileSync(file, 'utf8')) as KubeObject[]) {
        const resource = document.kind === 'Namespace' ? NAMESPACES : SCIM_INTEGRATIONS;
        await fixture.client.apply(resource, document, TEST_MANAGER);
      }
    }
  });
});
