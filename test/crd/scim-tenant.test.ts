import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { SCIM_TENANTS } from '../../src/crd/names.ts';
import type { Client } from '../../src/kube/client.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { adminClient, applyCrds, TEST_MANAGER } from '../support/kube/cluster.ts';
import { printed } from './raw-call.ts';

interface Tenant extends KubeObject {
  readonly spec?: unknown;
  readonly status?: Readonly<Record<string, unknown>>;
}

let client: Client;
beforeAll(async () => {
  client = adminClient();
  await applyCrds(client);
});

const create = (spec: unknown, name = `t-${randomUUID().slice(0, 8)}`): Promise<Tenant> =>
  client.create<Tenant>(SCIM_TENANTS, { metadata: { name }, spec }, TEST_MANAGER);

const expression = (key: string, operator: string, values?: readonly string[]) => ({
  namespaces: { selector: { matchExpressions: [{ key, operator, ...(values && { values }) }] } },
});
const matchLabels = (labels: Record<string, string>) => ({
  namespaces: { selector: { matchLabels: labels } },
});

describe('the API server accepts a tenant', () => {
  it.each<[string, unknown]>([
    ['that no namespace may use', { namespaces: {} }],
    ['with names', { namespaces: { names: ['acme', 'acme-2', '7'] } }],
    ['that every namespace may use', { namespaces: { selector: {} } }],
    [
      'with every field',
      {
        displayName: 'd'.repeat(128),
        namespaces: {
          names: ['n'.repeat(63)],
          selector: {
            matchLabels: { a: '', 'example.com/Team_1.x': 'v'.repeat(63) },
            matchExpressions: [
              { key: 'a', operator: 'In', values: ['x', ''] },
              { key: `${'d'.repeat(253)}/${'k'.repeat(63)}`, operator: 'NotIn', values: ['y'] },
              { key: 'a', operator: 'Exists' },
              { key: 'b', operator: 'DoesNotExist', values: [] },
            ],
          },
        },
      },
    ],
  ])('%s, and stores its spec unchanged', async (_, spec) => {
    expect((await create(spec)).spec).toEqual(spec);
  });

  it('with a name of 63 characters', async () => {
    const name = `t${randomUUID()}`.padEnd(63, 'x');
    expect((await create({ namespaces: {} }, name)).metadata.name).toBe(name);
  });

  it('and shows observedGeneration -1 until it is reconciled', async () => {
    expect((await create({ namespaces: {} })).status).toEqual({ observedGeneration: -1 });
  });
});

describe('the API server refuses a tenant', () => {
  it.each<[string, unknown, RegExp]>([
    ['without a spec', undefined, /spec: Required value/],
    ['without namespaces', {}, /spec\.namespaces: Required value/],
    ['with an empty display name', { displayName: '', namespaces: {} }, /at least 1 chars long/],
    [
      'with an invalid namespace name',
      { namespaces: { names: ['ok', 'Acme'] } },
      /spec\.namespaces\.names\[1\]: Invalid value: .*must be a DNS label/,
    ],
    ['with a duplicate namespace name', { namespaces: { names: ['a', 'a'] } }, /Duplicate value/],
    [
      'with an invalid label value',
      matchLabels({ team: 'a b' }),
      /selector\.matchLabels\[team\]: Invalid value: .*must be the value of a label/,
    ],
    [
      'with a label value that is too long',
      matchLabels({ team: 'v'.repeat(64) }),
      /may not be more than 63/,
    ],
    [
      'with an invalid label key',
      expression('no key', 'Exists'),
      /matchExpressions\[0\]\.key: Invalid value: .*must be the key of a label/,
    ],
    [
      'with a label key that is too long',
      expression('k'.repeat(64), 'DoesNotExist'),
      /must be the key of a label/,
    ],
    [
      'with an invalid value in an expression',
      expression('a', 'NotIn', ['-']),
      /values\[0\]: Invalid value: .*must be the value of a label/,
    ],
    ['with an unknown operator', expression('a', 'Gt', ['1']), /Unsupported value: "Gt"/],
    ...['In', 'NotIn'].flatMap<[string, unknown, RegExp]>((operator) => [
      [`with ${operator} without values`, expression('a', operator), /values: .*must be given/],
      [
        `with ${operator} and an empty list of values`,
        expression('a', operator, []),
        /values: .*must be given/,
      ],
    ]),
    ...['Exists', 'DoesNotExist'].map<[string, unknown, RegExp]>((operator) => [
      `with ${operator} and values`,
      expression('a', operator, ['x']),
      /values: .*must be given with the operators In and NotIn, and with no others/,
    ]),
    ['with an unknown field', { namespaces: {}, tenants: [] }, /unknown field "spec\.tenants"/],
  ])('%s', async (_, spec, message) => {
    await expect(create(spec)).rejects.toThrow(message);
  });

  it.each(['with.dots', 'n'.repeat(64)])('with the invalid name %s', async (name) => {
    await expect(create({ namespaces: {} }, name)).rejects.toThrow(
      /metadata\.name: .*(must be a DNS label|may not be more than 63|Too long)/,
    );
  });
});

describe('kubectl get', () => {
  it('prints how many namespaces and integrations use the tenant, and with -o wide its display name', async () => {
    const { metadata } = await create({ displayName: 'Acme Inc.', namespaces: {} });
    const { name } = metadata;
    const lastTransitionTime = '2026-01-01T00:00:00Z';
    const ready = { type: 'Ready', status: 'True', reason: 'Succeeded', message: '' };
    const status = {
      namespaces: 2,
      integrations: 3,
      conditions: [{ ...ready, lastTransitionTime }],
    };
    await client.mergePatch(
      SCIM_TENANTS,
      { name },
      { status },
      { fieldManager: TEST_MANAGER, subresource: 'status' },
    );
    const row = await printed(SCIM_TENANTS, { name });
    expect(Object.keys(row)).toEqual([
      ...['Name', 'Ready', 'Reason', 'Namespaces', 'Integrations', 'Age', 'Display Name (wide)'],
    ]);
    expect(row).toMatchObject({
      Name: name,
      Ready: 'True',
      Namespaces: 2,
      Integrations: 3,
      'Display Name (wide)': 'Acme Inc.',
    });
  });
});
