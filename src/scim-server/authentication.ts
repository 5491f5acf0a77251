/**
 * Identifies the caller: the tenant and the integration from the path, proven by a bearer token.
 * Nothing of the body is read before that.
 */
import type { IntegrationRecord } from '../directory/store/integrations.ts';
import type { Store } from '../directory/store/store.ts';
import type { Authenticated } from '../directory/store/tokens.ts';
import { authenticate } from '../directory/tokens.ts';
import { type Eventual, eventual } from '../eventual.ts';
import { forbidden, ScimError, unavailable } from '../scim/error.ts';

/** The parts of a path to an integration's endpoint. */
export interface EndpointPath {
  readonly tenant: string;
  readonly integrationId: string;
  /** The rest of the path; begins with a slash, or is empty. */
  readonly rest: string;
}

const ENDPOINT = /^\/api\/v1\/([^/]+)\/integrations\/([^/]+)\/scim\/v2(\/.*)?$/;

/** Undefined for a path that can't belong to an integration. */
export function parseEndpoint(path: string): EndpointPath | undefined {
  const [, tenant, integrationId, rest = ''] = ENDPOINT.exec(path) ?? [];
  return tenant === undefined || integrationId === undefined
    ? undefined
    : { tenant, integrationId, rest };
}

/**
 * The scheme is optional and case-insensitive (RFC 7235 §2.1): Okta's header authentication sends
 * the bare token. Two headers arrive joined by a comma and a space, and are refused because no
 * token contains a space.
 */
const CREDENTIALS = /^(?:bearer +)?([\x21-\x7e]+)$/i;

/**
 * Returns the integration whose token this is. Throws ScimError 401, which is the same for
 * everything that can be wrong with the token or the path, and 503 if the token can't be looked up.
 */
export function authenticateRequest(
  store: Store,
  { tenant, integrationId }: EndpointPath,
  authorization: string | null,
  at: number,
): Eventual<Authenticated> {
  const token = CREDENTIALS.exec(authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized();
  const found = eventual(() => authenticate(store, tenant, integrationId, token, at));
  return found instanceof Promise ? found.then(accepted, failed) : accepted(found);
}

function accepted(found: Authenticated | undefined): Authenticated {
  if (found === undefined) throw unauthorized();
  return found;
}

/** Whatever went wrong, a caller that can't be identified isn't let in. */
function failed(error: unknown): never {
  throw error instanceof ScimError ? error : unavailable(error);
}

/** Throws ScimError 403 for an integration that is disabled or not allowed in its tenant. */
export function checkServed({ enabled, allowed }: IntegrationRecord): void {
  if (!enabled) throw forbidden('integration is disabled');
  if (!allowed) throw forbidden('integration is not allowed in this tenant');
}

/**
 * The response is the same for everything that is wrong with a token or an endpoint, so that a
 * caller can't tell which tenants and integrations exist.
 */
const unauthorized = (): ScimError =>
  new ScimError(401, 'a valid bearer token for this integration is required');
