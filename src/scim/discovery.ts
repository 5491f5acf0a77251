/**
 * The documents of `/Schemas`, `/ResourceTypes` (RFC 7643 §6, §7) and `/ServiceProviderConfig`
 * (§5).
 */

import type { JsonObject } from './json.ts';
import { CURSOR_TIMEOUT, MAX_OPERATIONS, MAX_PAYLOAD_BYTES, MAX_RESULTS } from './limits.ts';
import type { Attribute, ResourceType, Schema } from './schema.ts';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0';

/** `password` is left out: it is never stored, and Entra ID's validator fails on it. */
export function schemaDocument(schema: Schema, baseUrl: string): JsonObject {
  return {
    schemas: [`${CORE}:Schema`],
    id: schema.id,
    name: schema.name,
    description: schema.description,
    attributes: schema.attributes
      .filter(({ mutability }) => mutability !== 'writeOnly')
      .map(attributeDocument),
    meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${schema.id}` },
  };
}

function attributeDocument(attribute: Attribute): JsonObject {
  const { canonicalValues, referenceTypes, subAttributes, ...characteristics } = attribute;
  return {
    ...characteristics,
    ...(canonicalValues.length === 0 ? {} : { canonicalValues }),
    ...(referenceTypes.length === 0 ? {} : { referenceTypes }),
    ...(subAttributes.length === 0 ? {} : { subAttributes: subAttributes.map(attributeDocument) }),
  };
}

export function resourceTypeDocument(type: ResourceType, baseUrl: string): JsonObject {
  return {
    schemas: [`${CORE}:ResourceType`],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.schema.id,
    schemaExtensions: type.extensions.map(({ schema, required }) => ({
      schema: schema.id,
      required,
    })),
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${type.name}` },
  };
}

/**
 * Announces only what is served, because clients rely on every announcement. authentik reads 0
 * operations as unlimited.
 */
export function serviceProviderConfig(baseUrl: string): JsonObject {
  return {
    schemas: [`${CORE}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: {
      supported: true,
      maxOperations: MAX_OPERATIONS,
      maxPayloadSize: MAX_PAYLOAD_BYTES,
    },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: MAX_RESULTS,
      maxPageSize: MAX_RESULTS,
      cursorTimeout: CURSOR_TIMEOUT,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'The token in the Secret of the ScimIntegration',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  };
}
