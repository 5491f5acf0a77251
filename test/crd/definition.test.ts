import { globSync, readFileSync } from 'node:fs';
import { loadAllYaml } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  GROUP_BINDING_POLICY_FILE,
  printGroupBindingPolicy,
} from '../../src/crd/group-binding-policy.ts';
import {
  allCrds,
  crdFiles,
  scimGroupBindingCrd,
  scimIntegrationCrd,
  scimTenantCrd,
} from '../../src/crd/manifest.ts';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS, SCIM_TENANTS } from '../../src/crd/names.ts';
import { ScimGroupBinding } from '../../src/crd/scim-group-binding.ts';
import { ScimIntegration } from '../../src/crd/scim-integration.ts';
import { ScimTenant } from '../../src/crd/scim-tenant.ts';
import { structuralSchema } from '../../src/crd/structural-schema.ts';
import {
  CUSTOM_RESOURCE_DEFINITIONS,
  type KubeObject,
  NAMESPACES,
  type ResourceDefinition,
  ROLES,
} from '../../src/kube/resource.ts';
import { applyCrd, TEST_MANAGER } from '../support/kube/cluster.ts';
import { type IntegrationFixture, integrationFixture } from './fixture.ts';
import { dryRunYaml, printed } from './raw-call.ts';

let fixture: IntegrationFixture;

beforeAll(async () => {
  fixture = await integrationFixture();
});

const print = (name: string) => printed(SCIM_INTEGRATIONS, { namespace: fixture.namespace, name });

describe('kubectl get', () => {
  it('prints the status, and with -o wide the endpoint, the Secret and the key id', async () => {
    const { name } = (await fixture.create({})).metadata;
    const status = {
      tenant: 'acme',
      users: 3,
      groups: 0,
      lastRequestTime: new Date(Date.now() - 90_000).toISOString(),
      endpoint: 'https://scim.example.com/v2',
      tokenSecretRef: { name: 'idp-scim-token', key: 'token' },
      tokenKeyId: 'AbCdEfGhIj',
      conditions: [
        condition('TokenReady', 'True', 'TokenIssued'),
        condition('Ready', 'False', 'ObjectConflict'),
      ],
    };
    await fixture.patchStatus(name, status);
    const row = await print(name);
    expect(Object.keys(row)).toEqual([
      ...['Name', 'Tenant', 'Ready', 'Reason', 'Paused', 'Users', 'Groups', 'Last Request', 'Age'],
      ...['Endpoint (wide)', 'Secret (wide)', 'Key ID (wide)'],
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
      'Secret (wide)': 'idp-scim-token',
      'Key ID (wide)': 'AbCdEfGhIj',
    });
  });

  it('prints an integration that was not reconciled yet', async () => {
    const { name } = (await fixture.create(undefined)).metadata;
    expect(await print(name)).toMatchObject({ Name: name, Tenant: null, Ready: null });
  });
});

const condition = (type: string, status: string, reason: string) => ({
  type,
  status,
  reason,
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

const RESOURCES: readonly [string, ResourceDefinition, z.ZodType][] = [
  ['ScimIntegration', SCIM_INTEGRATIONS, ScimIntegration],
  ['ScimTenant', SCIM_TENANTS, ScimTenant],
  ['ScimGroupBinding', SCIM_GROUP_BINDINGS, ScimGroupBinding],
];
const definitionOf = ({ plural, group }: ResourceDefinition) => {
  const crd = allCrds().find(({ metadata }) => metadata.name === `${plural}.${group}`);
  if (crd === undefined) throw new Error(`no CRD of ${plural}`);
  return crd;
};

describe.each(RESOURCES)('the custom resource definition of %s', (_, resource, schema) => {
  it('has a structural schema', async () => {
    const { status } = await applyCrd(fixture.client, definitionOf(resource));
    expect(status?.conditions?.map(({ type }) => type)).not.toContain('NonStructuralSchema');
  });

  it('is the same as a YAML file and as an applied object', async () => {
    const { name } = definitionOf(resource).metadata;
    const applied = await fixture.client.get<KubeObject & { spec: unknown }>(
      CUSTOM_RESOURCE_DEFINITIONS,
      { name },
    );
    const text = crdFiles()[`${resource.group}_${resource.plural}.yaml`] ?? '';
    expect(await dryRunYaml(name, text)).toEqual(applied.spec);
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
    const { spec, status } = structuralSchema(schema).properties as Record<
      string,
      Record<string, unknown>
    >;
    visit(spec ?? {}, 'spec');
    visit(status ?? {}, 'status');
    expect(undescribed).toEqual([]);
  });
});

const EXAMPLE_RESOURCES = [
  ...[NAMESPACES, ROLES],
  ...[SCIM_INTEGRATIONS, SCIM_TENANTS, SCIM_GROUP_BINDINGS],
];

describe('the custom resource definitions', () => {
  it('and the admission policy are exactly the files in crds/ and policies/', () => {
    const files = crdFiles();
    for (const [name, text] of Object.entries(files)) {
      expect(readFileSync(`crds/${name}`, 'utf8')).toBe(text);
    }
    expect(readFileSync(`policies/${GROUP_BINDING_POLICY_FILE}`, 'utf8')).toBe(
      printGroupBindingPolicy(),
    );
    expect(globSync('crds/*').sort()).toEqual(Object.keys(files).map((name) => `crds/${name}`));
  });

  it('have short names and the category scim', () => {
    expect(scimIntegrationCrd().spec.names).toMatchObject({
      shortNames: ['scimint'],
      categories: ['scim'],
    });
    expect(scimTenantCrd().spec.names).toMatchObject({
      singular: 'scimtenant',
      shortNames: ['scimten'],
      categories: ['scim'],
    });
    expect(scimGroupBindingCrd().spec.names).toMatchObject({
      shortNames: ['scimgb'],
      categories: ['scim'],
    });
  });

  it('accept every example', async () => {
    for (const file of globSync('examples/*.yaml')) {
      for (const document of loadAllYaml(readFileSync(file, 'utf8')) as KubeObject[]) {
        const resource = EXAMPLE_RESOURCES.find(({ kind }) => kind === document.kind);
        if (resource === undefined) throw new Error(`${file} has a ${document.kind}`);
        await fixture.client.apply<KubeObject>(resource, document, TEST_MANAGER);
      }
    }
  });
});
