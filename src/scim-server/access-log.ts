/**
 * Logs one line for each request. The path is logged without its query, because filters contain
 * personal data. A token is never logged.
 */
import type { Logger } from '../logger.ts';

export interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  /** As the client sent it. */
  readonly path: string;
  /**
   * The path below the endpoint, with its parameters as patterns; undefined if no route serves it.
   */
  readonly route: string | undefined;
  /** The caller, once it is known. */
  tenant: string | undefined;
  integration: string | undefined;
  keyId: string | undefined;
  /** The parsed body, once it was read. Never logged. */
  body: unknown;
}

/** The endpoint that a request without a valid token was sent to, if that integration exists. */
interface Meant {
  readonly tenant: string;
  readonly integrationId: string;
}

/** The path of an integration's endpoint, with its parameters as patterns. */
const ENDPOINT_PATTERN = '/api/v1/:tenant/integrations/:integrationId/scim/v2';

const MAX_PATH = 200;

/** The token may be in the URL by mistake, for example if the fields of a form were mixed up. */
const TOKEN = /scim_[A-Za-z0-9]{10}_[A-Za-z0-9]*/g;

/**
 * The server's own ids and names need no other characters. In encoded form, a token would not be
 * recognised.
 */
const PLAIN = /^[\w\-.~:/]*$/;

/** `ms` is the duration of the request in milliseconds. */
export function logAccess(
  log: Logger,
  access: AccessEntry,
  status: number,
  ms: number,
  meant?: Meant,
): void {
  if (!log.isLevelEnabled('info')) return;
  const { requestId, method, tenant, integration, keyId } = access;
  const path = shownPath(access, meant);
  const fields = { requestId, method, path, tenant, integration, keyId, status, ms: rounded(ms) };
  log.info(fields, 'request completed');
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

/**
 * For a request without a valid token, nothing that the client chose is shown, because it may be a
 * token of any kind.
 */
export function shownPath(
  {
    path,
    route,
    tenant,
    integration,
  }: Pick<AccessEntry, 'path' | 'route' | 'tenant' | 'integration'>,
  meant: Meant | undefined,
): string {
  if (integration !== undefined && PLAIN.test(path))
    return path.slice(0, MAX_PATH).replace(TOKEN, 'scim_…');
  const known = integration === undefined ? meant : { tenant, integrationId: integration };
  const below = route ?? '/*';
  if (known === undefined) return `${ENDPOINT_PATTERN}${below}`;
  return `/api/v1/${known.tenant}/integrations/${known.integrationId}/scim/v2${below}`;
}
