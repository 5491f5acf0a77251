/** The text of SCIM requests, and requests one at a time. */
import type { Target } from '../stage/server.ts';
import type { Answer, Connection } from './connection.ts';

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** Returns a function that composes requests to the target. */
export function requestsTo({ base, token }: Target) {
  const { host, pathname } = new URL(base);
  const headers = ` HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n`;
  const body = 'Content-Type: application/scim+json\r\nContent-Length: ';
  return (method: string, path: string, content?: unknown): string => {
    const start = `${method} ${pathname}${path}${headers}`;
    if (content === undefined) return `${start}\r\n`;
    const json = JSON.stringify(content);
    return `${start}${body}${Buffer.byteLength(json)}\r\n\r\n${json}`;
  };
}

export const filtered = (resources: string, filter: string, more = ''): string =>
  `/${resources}?filter=${encodeURIComponent(filter)}${more}`;

export const patchOf = (...Operations: readonly unknown[]) => ({ schemas: [PATCH_OP], Operations });

export const addition = (ids: readonly string[]) =>
  patchOf({ op: 'add', path: 'members', value: ids.map((value) => ({ value })) });

export const removal = (id: string) => patchOf({ op: 'remove', path: `members[value eq "${id}"]` });

/** Returns the parsed body. Throws if the request was refused. */
export async function succeed<T = unknown>(connection: Connection, request: string): Promise<T> {
  const { status, head, body } = await connection.send(request);
  if (status >= 300) throw new Error(`${request.split('\r\n')[0]}: ${refusal(status, body, head)}`);
  return (body.length === 0 ? {} : JSON.parse(body.toString())) as T;
}

const refusal = (status: Answer['status'], body: Buffer, head: string) =>
  `${status} ${body.toString('utf8', 0, 300)} ${/\r\nretry-after: *\d+/i.exec(head)?.[0] ?? ''}`;
