import { globSync, readFileSync } from 'node:fs';
import { loadAllYaml } from '@kubernetes/client-node';
import { request } from 'undici';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { crdFiles, printCrds, scimIntegrationCrd } from '../../src/crd/manifest.ts';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import type { Client } from '../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../src/kube/connection.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  pathOf,
  type ResourceDefinition,
} from '../../src/kube/resource.ts';
import { adminClient, applyCrd, createNamespace, TEST_MANAGER } from '../support/cluster.ts';

type Spec = Record<string, unknown> | undefined;
interface Integration extends KubeObject {
  readonly spec?: Spec;
  readonly status?: Record<string, unknown>;
}

/** The same CRD under another group, without the rules that refuse what this version doesn't do yet. */
const FUTURE: ResourceDefinition = { ...SCIM_INTEGRATIONS, group: 'future.scim-operator.dev' };

let client: Client;
let namespace: string;
let count = 0;

beforeAll(async () => {
  client = adminClient();
  const applied = await applyCrd(client);
  expect(
    applied.status?.conditions?.find(({ type }) => type === 'NonStructuralSchema'),
  ).toBeUndefined();
  await applyCrd(client, futureCrd());
  namespace = await createNamespace(client, 'crd');
});

function futureCrd(): KubeObject {
  const text = JSON.stringify(scimIntegrationCrd()).replaceAll('scim-operator.dev', FUTURE.group);
  return JSON.parse(text, (key, value) =>
    key === 'x-kubernetes-validations'
      ? value.filter(
          ({ message }: { message: string }) => !message.includes('not supported by this version'),
        )
      : value,
  );
}

function object(spec: Spec, name = `x${++count}`): Integration {
  return { metadata: { name, namespace }, ...(spec === undefined ? {} : { spec }) };
}

const create = (spec: Spec, resource: ResourceDefinition = SCIM_INTEGRATIONS) =>
  client.create<Integration>(resource, object(spec), TEST_MANAGER);

async function replaceSpec(before: Spec, after: Spec): Promise<Integration> {
  const created = await create(before);
  const patch = { spec: after === undefined ? null : { ...nulls(before), ...after } };
  return client.mergePatch(SCIM_INTEGRATIONS, { namespace, name: created.metadata.name }, patch, {
    fieldManager: TEST_MANAGER,
  });
}
const nulls = (spec: Spec) => Object.fromEntries(Object.keys(spec ?? {}).map((key) => [key, null]));

const ID = 'AbCdEfGhIjKlMnOpQrS-_';

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
  const path = pathOf(SCIM_INTEGRATIONS, { namespace, name });
  const table = (await call('GET', path, { accept })) as Table;
  return Object.fromEntries(
    table.columnDefinitions.map((column, index) => [
      column.priority === 0 ? column.name : `${column.name} (wide)`,
      table.rows[0]?.cells[index],
    ]),
  );
}

describe('the API server accepts an integration', () => {
  it.each<[string, Spec]>([
    ['without a spec', undefined],
    ['with an empty spec', {}],
    [
      'with every field set',
      {
        displayName: 'Okta',
        description: 'People',
        type: 'SCIM2',
        enabled: false,
        tenant: 'acme',
        integrationId: ID,
        identityProvider: 'Okta',
        deletionPolicy: 'Delete',
        token: { secretName: 'okta.token' },
      },
    ],
    [
      'with the longest displayName and description',
      { displayName: 'd'.repeat(128), description: 'd'.repeat(1024) },
    ],
  ])('%s, and keeps its spec as it was written', async (_, spec) => {
    const created = await create(spec);
    expect(created.spec).toEqual(spec);
  });

  it('with a name of 52 characters', async () => {
    await client.create(SCIM_INTEGRATIONS, object({}, 'n'.repeat(52)), TEST_MANAGER);
  });

  it('and shows observedGeneration -1 before anybody has looked at it', async () => {
    expect((await create({})).status).toEqual({ observedGeneration: -1 });
  });
});

describe('the API server refuses an integration', () => {
  it.each<[string, Spec, RegExp]>([
    ['with an empty displayName', { displayName: '' }, /spec\.displayName/],
    [
      'with a displayName of 129 characters',
      { displayName: 'd'.repeat(129) },
      /spec\.displayName: Too long/,
    ],
    [
      'with a description of 1,025 characters',
      { description: 'd'.repeat(1025) },
      /spec\.description: Too long/,
    ],
    [
      'of another type',
      { type: 'LDAP' },
      /spec\.type: Unsupported value: "LDAP": supported values: "SCIM2"/,
    ],
    [
      'with a tenant that is no DNS label',
      { tenant: 'Acme_Inc' },
      /spec\.tenant: Invalid value: "Acme_Inc": must be a DNS label/,
    ],
    ['with a tenant of 64 characters', { tenant: 't'.repeat(64) }, /spec\.tenant: Too long/],
    [
      'with an integrationId of 20 characters',
      { integrationId: ID.slice(1) },
      /spec\.integrationId: Invalid value: .* must be 21 characters/,
    ],
    [
      'with an integrationId that has a slash',
      { integrationId: ID.replace('-', '/') },
      /spec\.integrationId: Invalid value: .* must be 21 characters/,
    ],
    [
      'with an unknown identityProvider',
      { identityProvider: 'Ping' },
      /spec\.identityProvider: Unsupported value/,
    ],
    [
      'with an unknown deletionPolicy',
      { deletionPolicy: 'Keep' },
      /spec\.deletionPolicy: Unsupported value/,
    ],
    [
      'with a secretName that is no object name',
      { token: { secretName: 'My Secret' } },
      /spec\.token\.secretName: Invalid value: "My Secret": must be the name of a Secret/,
    ],
    [
      "with an existingSecret, which this version can't use",
      { token: { existingSecret: { name: 's', key: 'k' } } },
      /existingSecret: Invalid value: is not supported by this version; remove it/,
    ],
    [
      "with a rotation, which this version doesn't do",
      { token: { rotation: { interval: '48h' } } },
      /rotation: Invalid value: is not supported by this version; remove it/,
    ],
    [
      'with a token in a Secret without a name',
      { token: { secretName: '' } },
      /spec\.token\.secretName: Invalid value: "": must be the name of a Secret/,
    ],
    [
      'with a secretName of 254 characters',
      { token: { secretName: 's'.repeat(254) } },
      /spec\.token\.secretName: Too long/,
    ],
    [
      'with an empty tenant',
      { tenant: '' },
      /spec\.tenant: Invalid value: "": must be a DNS label/,
    ],
    ['with a field of another kind than documented', { enabled: 'yes' }, /enabled/],
  ])('%s', async (_, spec, message) => {
    await expect(create(spec)).rejects.toThrow(message);
  });

  it.each([
    ['with a name of 53 characters', 'n'.repeat(53), /metadata\.name: Too long/],
    [
      'with a dot in its name',
      'a.b',
      /metadata\.name: Invalid value: must be a DNS label: .* without dots/,
    ],
  ])('%s', async (_, name, message) => {
    await expect(client.create(SCIM_INTEGRATIONS, object({}, name), TEST_MANAGER)).rejects.toThrow(
      message,
    );
  });
});

describe('the tenant of an integration', () => {
  it.each<[string, Spec, Spec]>([
    ["can't be changed", { tenant: 'a' }, { tenant: 'b' }],
    ["can't be removed", { tenant: 'a' }, {}],
    ["can't be removed with the whole spec", { tenant: 'a' }, undefined],
    ["can't be set later", {}, { tenant: 'a' }],
    ["can't be set later on an object without a spec", undefined, { tenant: 'a' }],
  ])('%s', async (_, before, after) => {
    await expect(replaceSpec(before, after)).rejects.toThrow(
      /spec\.tenant: Invalid value: is fixed at creation/,
    );
  });

  it('may stay while other fields change', async () => {
    await replaceSpec({ tenant: 'a' }, { tenant: 'a', enabled: false });
    await replaceSpec(undefined, { enabled: false });
    await replaceSpec({ enabled: true }, undefined);
  });
});

describe('the integrationId of an integration', () => {
  it.each<[string, Spec, Spec]>([
    ["can't be changed", { integrationId: ID }, { integrationId: ID.toLowerCase() }],
    ["can't be removed", { integrationId: ID }, {}],
    ["can't be removed with the whole spec", { integrationId: ID }, undefined],
  ])('%s', async (_, before, after) => {
    await expect(replaceSpec(before, after)).rejects.toThrow(
      /spec\.integrationId: Invalid value: is fixed once set/,
    );
  });

  it('can be pinned later to the id that the integration has, and to no other', async () => {
    const created = await create({});
    const key = { namespace, name: created.metadata.name };
    const manager = { fieldManager: TEST_MANAGER };
    const status = { status: { observedGeneration: 1, integrationId: ID } };
    await client.mergePatch(SCIM_INTEGRATIONS, key, status, { ...manager, subresource: 'status' });
    const pin = (integrationId: string) =>
      client.mergePatch(SCIM_INTEGRATIONS, key, { spec: { integrationId } }, manager);
    await expect(pin(ID.toLowerCase())).rejects.toThrow(
      /spec\.integrationId: Invalid value: can only be set to the id that the integration already has/,
    );
    await pin(ID);
  });

  it('can be pinned while the integration has none yet', async () => {
    await replaceSpec({}, { integrationId: ID });
  });
});

describe('once rotation and existingSecret are served, the API server', () => {
  const token = (value: object) => create({ token: value }, FUTURE);

  it.each<[string, object]>([
    ['an interval longer than the default overlap', { rotation: { interval: '25h' } }],
    ['an interval longer than the overlap', { rotation: { interval: '6s', overlap: '2s' } }],
    ['the longest interval', { rotation: { interval: '999999h999999m999999s', overlap: '0s' } }],
    ['an overlap alone', { rotation: { overlap: '100h' } }],
    ['an existing Secret', { existingSecret: { name: 'mine', key: 'token' } }],
  ])('accepts %s', async (_, value) => {
    await token(value);
  });

  it.each<[string, object, RegExp]>([
    [
      'an interval as long as the default overlap',
      { rotation: { interval: '24h' } },
      /rotation\.interval: Invalid value: must be longer than overlap/,
    ],
    [
      'an interval shorter than the overlap',
      { rotation: { interval: '1h', overlap: '2h' } },
      /rotation\.interval: Invalid value: must be longer than overlap/,
    ],
    [
      'an interval of nothing',
      { rotation: { interval: '0s', overlap: '0s' } },
      /must be longer than overlap/,
    ],
    [
      "a duration that isn't one",
      { rotation: { interval: '2 days' } },
      /is invalid: spec\.token\.rotation\.interval: Invalid value: "2 days": must be a duration such as/,
    ],
    [
      'a duration with a sign',
      { rotation: { interval: '48h', overlap: '-1h' } },
      /is invalid: spec\.token\.rotation\.overlap: Invalid value: "-1h": must be a duration/,
    ],
    [
      'existingSecret with secretName',
      { existingSecret: { name: 'a', key: 'k' }, secretName: 'b' },
      /existingSecret: Invalid value: excludes secretName and rotation/,
    ],
    [
      'existingSecret with rotation',
      { existingSecret: { name: 'a', key: 'k' }, rotation: {} },
      /existingSecret: Invalid value: excludes secretName and rotation/,
    ],
    ['existingSecret without a key', { existingSecret: { name: 'a' } }, /key: Required value/],
  ])('refuses %s', async (_, value, message) => {
    await expect(token(value)).rejects.toThrow(message);
  });
});

describe('kubectl get', () => {
  it('prints what the status says, and the endpoint and the key id where there is room', async () => {
    const { name } = (await create({})).metadata;
    const manager = { fieldManager: TEST_MANAGER, subresource: 'status' } as const;
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
    await client.mergePatch(SCIM_INTEGRATIONS, { namespace, name }, { status }, manager);
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
    const { name } = (await create(undefined)).metadata;
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
  it('is what crds/ holds', () => {
    for (const [name, text] of Object.entries(crdFiles())) {
      expect(readFileSync(`crds/${name}`, 'utf8')).toBe(text);
    }
  });

  it('says the same as YAML, as people apply it, and as the object that this version applies', async () => {
    const { name } = scimIntegrationCrd().metadata;
    const applied = await client.get<KubeObject & { spec: unknown }>(CUSTOM_RESOURCE_DEFINITIONS, {
      name,
    });
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
    for (const file of globSync('examples/*.yaml')) {
      for (const document of loadAllYaml(readFileSync(file, 'utf8')) as KubeObject[]) {
        const resource = document.kind === 'Namespace' ? NAMESPACES : SCIM_INTEGRATIONS;
        await client.apply(resource, document, TEST_MANAGER);
      }
    }
  });
});
