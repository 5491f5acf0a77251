/** Why a server can't listen on an address, as one human-readable line. */

export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'the port requires more privileges',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is unknown',
};

/** `cause` is the error of Node's listen(). */
export function listenError(host: string, port: number, cause: unknown): ListenError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  return new ListenError(`can't listen on ${address}: ${REASONS[code] ?? code}`, { cause });
}
