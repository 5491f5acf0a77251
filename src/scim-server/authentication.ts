/**
 * Who calls: tenant and integration from the path, proven by a bearer token. Nothing of the body is
 * read before.
 */
import type { IntegrationRecord } from '../directory/store/integrations.ts';
import type { Store } from '../directory/store/store.ts';
import type { Authenticated } from '../directory/store/tokens.ts';
import { authenticate } from '../directory/tokens.ts';
import { forbidden, ScimError, unavailable } from '../scim/error.ts';

/** Where an integration's endpoint begins, and what follows. */
interface EndpointPath {
  readonly tenant: string;
  readonly integrationId: string;
  /** Begins with a slash, or is empty. */
  readonly rest: string;
}

const ENDPOINT = /^\/api\/v1\/([^/]+)\/integrations\/([^/]+)\/scim\/v2(\/.*)?$/;

/** Undefined for a path that no integration can have. */
export function parseEndpoint(path: string): EndpointPath | undefined {
  const [, tenant, integrationId, rest = ''] = ENDPOINT.exec(path) ?? [];
  return tenant === undefined || integrationId === undefined
    ? undefined
    : { tenant, integrationId, rest };
}

/**
 * The scheme in any case (RFC 7235 §2.1), or none: Okta's header authentication sends the bare
 * token. Two headers arrive joined by a comma and a space, and are refused as no token holds a
 * space.
 */
const CREDENTIALS = /^(?:bearer +)?([\x21-\x7e]+)$/i;

/**
 * The integration whose token this is. Throws ScimError: 401, the same for all that can be wrong
 * with token and path; 503 when it can't be known.
 */
export async function authenticateRequest(
  store: Store,
  { tenant, integrationId }: EndpointPath,
  authorization: string | null,
  at: number,
): Promise<Authenticated> {
  const token = CREDENTIALS.exec(authorization ?? '')?.[1];
  if (token === undefined) throw unauthorized();
  let found: Authenticated | undefined;
  try {
    found = await authenticate(store, tenant, integrationId, token, at);
  } catch (error) {
    // Whatever went wrong: who can't be known isn't let in.
    throw error instanceof ScimError ? error : unavailable(error);
  }
  if (found === undefined) throw unauthorized();
  return found;
}

/** Throws ScimError 403 for an integration that is switched off or not allowed in its tenant. */
export function checkServed({ enabled, allowed }: IntegrationRecord): void {
  if (!enabled) throw forbidden('the integration is disabled');
  if (!allowed) throw forbidden('the integration is not allowed in this tenant');
}

/**
 * One answer to everything that is wrong with a token or an endpoint, so that nothing can be told
 * apart.
 */
const unauthorized = (): ScimError =>
  new ScimError(401, 'a valid bearer token for this integration is required');
