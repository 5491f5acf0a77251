import { describe, expect, it } from 'vitest';
import {
  resourceTypeDocument,
  schemaDocument,
  serviceProviderConfig,
} from '../../src/scim/discovery.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { STANDARD_RESOURCE_TYPES, schemasOf } from '../../src/scim/resource-types.ts';
import { attribute } from '../../src/scim/schema.ts';
import { GROUP_SCHEMA } from '../../src/scim/schemas/group.ts';
import { USER_SCHEMA } from '../../src/scim/schemas/user.ts';

const BASE = 'https://scim.example/scim/v2';
const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

describe('a schema document', () => {
  it('contains every characteristic of RFC 7643 §7, and no empty lists', () => {
    const schema = {
      id: 'urn:example:2.0:Things',
      name: 'Things',
      description: 'Things.',
      attributes: [
        attribute('colour', 'A colour.', { canonicalValues: ['red'], required: true }),
        attribute('owner', 'An owner.', {
          multiValued: true,
          subAttributes: [
            attribute('$ref', 'A URL.', { type: 'reference', referenceTypes: ['User'] }),
          ],
        }),
      ],
    };
    const usual = {
      multiValued: false,
      required: false,
      caseExact: false,
      mutability: 'readWrite',
      returned: 'default',
      uniqueness: 'none',
    };
    expect(schemaDocument(schema, BASE)).toEqual({
      schemas: [`${CORE}:Schema`],
      id: schema.id,
      name: 'Things',
      description: 'Things.',
      attributes: [
        {
          ...usual,
          name: 'colour',
          type: 'string',
          description: 'A colour.',
          required: true,
          canonicalValues: ['red'],
        },
        {
          ...usual,
          name: 'owner',
          type: 'complex',
          description: 'An owner.',
          multiValued: true,
          subAttributes: [
            {
              ...usual,
              name: '$ref',
              type: 'reference',
              description: 'A URL.',
              caseExact: true,
              referenceTypes: ['User'],
            },
          ],
        },
      ],
      meta: { resourceType: 'Schema', location: `${BASE}/Schemas/${schema.id}` },
    });
  });

  it('[Entra] has no password, on which its validator fails', () => {
    const { attributes } = schemaDocument(USER_SCHEMA, BASE);
    const names = (attributes as readonly JsonObject[]).map(({ name }) => name);
    expect(names).toContain('userName');
    expect(names).not.toContain('password');
    expect(names).toHaveLength(USER_SCHEMA.attributes.length - 1);
  });

  it.each(schemasOf(STANDARD_RESOURCE_TYPES))('of $name survives JSON unchanged', (schema) => {
    const document = schemaDocument(schema, BASE);
    expect(JSON.parse(JSON.stringify(document))).toStrictEqual(document);
  });
});

describe('a resource type document', () => {
  it('names the schema and its extensions', () => {
    const { user, group } = STANDARD_RESOURCE_TYPES;
    expect(resourceTypeDocument(user, BASE)).toEqual({
      schemas: [`${CORE}:ResourceType`],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: user.description,
      schema: USER_SCHEMA.id,
      schemaExtensions: [
        {
          schema: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
          required: false,
        },
      ],
      meta: { resourceType: 'ResourceType', location: `${BASE}/ResourceTypes/User` },
    });
    expect(resourceTypeDocument(group, BASE)).toMatchObject({
      id: 'Group',
      schema: GROUP_SCHEMA.id,
      schemaExtensions: [],
    });
  });
});

describe('the service provider configuration', () => {
  it('has each feature of RFC 7643 §5 and RFC 9865 §4 with its limits', () => {
    expect(serviceProviderConfig(BASE)).toMatchObject({
      schemas: [`${CORE}:ServiceProviderConfig`],
      patch: { supported: true },
      bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 16 * 1024 * 1024 },
      filter: { supported: true, maxResults: 1000 },
      changePassword: { supported: false },
      sort: { supported: true },
      etag: { supported: true },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 1000,
        maxPageSize: 1000,
        cursorTimeout: 3600,
      },
      authenticationSchemes: [{ type: 'oauthbearertoken', primary: true }],
      meta: {
        resourceType: 'ServiceProviderConfig',
        location: `${BASE}/ServiceProviderConfig`,
      },
    });
  });
});
