/** Operations of a Bulk, and a client that sends them and reads the results. */
import type { ScimAnswer, ScimClient } from './server.ts';

const E = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export interface BulkResult {
  readonly location?: string;
  readonly method?: string;
  readonly bulkId?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: Record<string, unknown>;
}

export const statuses = (results: readonly BulkResult[]): string =>
  results.map(({ status }) => status).join(' ');

export const idOf = (result: BulkResult | undefined): string =>
  result?.location?.split('/').at(-1) ?? '';

let count = 0;
export const newName = (prefix: string): string => `${prefix}-${++count}`;

export const user = (bulkId: string, more: object = {}) => ({
  method: 'POST',
  path: '/Users',
  bulkId,
  data: { userName: newName('user'), ...more },
});

export const managed = (value: string, $ref?: string) => ({
  department: 'D',
  manager: { value, ...($ref === undefined ? {} : { $ref }) },
});
export const managedBy = (value: string) => ({ [E]: managed(value) });

export const group = (bulkId: string, ...members: readonly string[]) => ({
  method: 'POST',
  path: '/Groups',
  bulkId,
  data: { displayName: newName('group'), members: members.map((value) => ({ value })) },
});

export const patch = (path: string, ...Operations: readonly object[]) => ({
  method: 'PATCH',
  path,
  data: { Operations },
});

/** Operations that create users: u0, u1 and so on. */
export const users = (many: number) => Array.from({ length: many }, (_, at) => user(`u${at}`));

export interface BulkClient {
  send(operations: readonly object[], more?: object): Promise<ScimAnswer>;
  /** Returns the results. Throws if the Bulk as a whole is refused. */
  bulk(operations: readonly object[], more?: object): Promise<readonly BulkResult[]>;
  newUser(): Promise<string>;
  newGroup(...members: readonly string[]): Promise<string>;
  membersOf(group: string): Promise<readonly string[]>;
  /** The extension with the manager. */
  enterpriseOf(user: string): Promise<unknown>;
  /** The number of resources that match. */
  total(filter: string): Promise<unknown>;
}

export function bulkClient(client: ScimClient): BulkClient {
  const send: BulkClient['send'] = (Operations, more = {}) =>
    client.send('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations,
      ...more,
    });
  return {
    send,
    bulk: async (operations, more) => {
      const { status, body, text } = await send(operations, more);
      if (status !== 200) throw new Error(`the Bulk returned ${status}: ${text}`);
      return body.Operations as unknown as readonly BulkResult[];
    },
    newUser: async () => (await client.send('POST', '/Users', user('').data)).id,
    newGroup: async (...members) =>
      (await client.send('POST', '/Groups', group('', ...members).data)).id,
    membersOf: async (id) => {
      const { body } = await client.send('GET', `/Groups/${id}`);
      return ((body.members ?? []) as { value: string }[]).map(({ value }) => value).sort();
    },
    enterpriseOf: async (id) => (await client.send('GET', `/Users/${id}`)).body[E],
    total: async (filter) => {
      const { body } = await client.send('POST', '/.search', { filter, count: 0 });
      return body.totalResults;
    },
  };
}
