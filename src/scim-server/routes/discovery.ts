/** `/ServiceProviderConfig`, `/Schemas` and `/ResourceTypes` (RFC 7644 §4), from memory. */
import {
  resourceTypeDocument,
  schemaDocument,
  serviceProviderConfig,
} from '../../scim/discovery.ts';
import { forbidden, notFound } from '../../scim/error.ts';
import type { JsonObject } from '../../scim/json.ts';
import { type ResourceTypes, schemasOf } from '../../scim/resource-types.ts';
import type { Answer } from '../answer.ts';
import type { Routes, ScimCall } from '../endpoint.ts';
import { ID } from '../route-table.ts';
import { isGiven, listAnswer } from './query.ts';

export function discoveryRoutes(types: ResourceTypes): Routes {
  const config = ({ caller: { baseUrl } }: ScimCall) => found(serviceProviderConfig(baseUrl));
  const schemas = schemasOf(types);
  const resourceTypes = [types.user, types.group];
  return {
    '/ServiceProviderConfig': { GET: config },
    // Salesforce uses this name, and so does authentik's mode for it.
    '/ServiceProviderConfigs': { GET: config },
    '/Schemas': {
      GET: (call) =>
        all(
          call,
          schemas.map((schema) => schemaDocument(schema, call.caller.baseUrl)),
        ),
    },
    [`/Schemas/${ID}`]: {
      GET: ({ request, caller: { baseUrl } }) => {
        const { id = '' } = request;
        const schema = schemas.find((each) => each.id.toLowerCase() === id.toLowerCase());
        return schema === undefined
          ? missing('Schema', id)
          : found(schemaDocument(schema, baseUrl));
      },
    },
    '/ResourceTypes': {
      GET: (call) =>
        all(
          call,
          resourceTypes.map((type) => resourceTypeDocument(type, call.caller.baseUrl)),
        ),
    },
    [`/ResourceTypes/${ID}`]: {
      GET: ({ request, caller: { baseUrl } }) => {
        const { id = '' } = request;
        const type = resourceTypes.find((each) => each.name === id);
        return type === undefined
          ? missing('ResourceType', id)
          : found(resourceTypeDocument(type, baseUrl));
      },
    },
  };
}

const found = (body: JsonObject): Answer => ({ status: 200, body: JSON.stringify(body) });

function missing(kind: string, id: string): never {
  throw notFound(kind, id.slice(0, 200));
}

/**
 * Paging and sorting are ignored here (RFC 7644 §4). A filter is refused, so that a client doesn't
 * take all documents for matches.
 */
function all({ request }: ScimCall, documents: readonly JsonObject[]): Answer {
  if (isGiven(request, 'filter')) throw forbidden('filters are not supported on this path');
  const texts = documents.map((each) => JSON.stringify(each));
  return listAnswer(texts.length, { startIndex: 1 }, texts);
}
