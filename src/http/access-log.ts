/** One line for each request. Paths without their query: filters name people. Never a token. */
import type { Logger } from '../logger.ts';

export interface Access {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** Who called, once that is known. */
  tenant: string | undefined;
  integration: string | undefined;
  keyId: string | undefined;
}

const MAX_PATH = 200;

/** Somebody who mixed up the fields of a form may have put the token into the URL. */
const TOKEN = /scim_[A-Za-z0-9]{10}_[A-Za-z0-9]*/g;

/** `ms`: how long it took. */
export function logAccess(log: Logger, access: Access, status: number, ms: number): void {
  if (!log.isLevelEnabled('info')) return;
  const path = access.path.slice(0, MAX_PATH).replace(TOKEN, 'scim_…');
  log.info({ ...access, path, status, ms: Math.round(ms * 100) / 100 }, 'request answered');
}
