/** One line for each request. Paths without their query: filters name people. Never a token. */
import type { Logger } from '../logger.ts';

export interface Access {
  readonly requestId: string;
  readonly method: string;
  /** As the client sent it. */
  readonly path: string;
  /** What follows the endpoint, its parameters as patterns; undefined for what no route serves. */
  readonly route: string | undefined;
  /** Who called, once that is known. */
  tenant: string | undefined;
  integration: string | undefined;
  keyId: string | undefined;
}

/**
 * The endpoint that a request without a valid token was sent to, where there is such an
 * integration.
 */
interface Meant {
  readonly tenant: string;
  readonly integrationId: string;
}

/** Where integrations' endpoints begin, as a pattern of Hono's. */
export const ENDPOINT_PATTERN = '/api/v1/:tenant/integrations/:integrationId/scim/v2';

const MAX_PATH = 200;

/** Somebody who mixed up the fields of a form may have put the token into the URL. */
const TOKEN = /scim_[A-Za-z0-9]{10}_[A-Za-z0-9]*/g;

/** Ids and names of ours need no more; encoded, a token would not be recognised. */
const PLAIN = /^[\w\-.~:/]*$/;

/** `ms`: how long it took. */
export function logAccess(
  log: Logger,
  access: Access,
  status: number,
  ms: number,
  meant?: Meant,
): void {
  if (!log.isLevelEnabled('info')) return;
  const { requestId, method, tenant, integration, keyId } = access;
  const path = shownPath(access, meant);
  const fields = { requestId, method, path, tenant, integration, keyId, status };
  log.info({ ...fields, ms: Math.round(ms * 100) / 100 }, 'request completed');
}

/**
 * Of a request without a valid token nothing that the client chose, because that may be a token of
 * whatever make.
 */
function shownPath({ path, route, tenant, integration }: Access, meant: Meant | undefined): string {
  if (integration !== undefined && PLAIN.test(path))
    return path.slice(0, MAX_PATH).replace(TOKEN, 'scim_…');
  const known = integration === undefined ? meant : { tenant, integrationId: integration };
  const below = route ?? '/*';
  if (known === undefined) return `${ENDPOINT_PATTERN}${below}`;
  return `/api/v1/${known.tenant}/integrations/${known.integrationId}/scim/v2${below}`;
}
