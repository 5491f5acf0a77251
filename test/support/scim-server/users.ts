/** Users with managers, as a client writes and reads them. */
import { expect } from 'vitest';
import type { JsonObject } from '../../../src/scim/json.ts';
import { ENTERPRISE_URN } from '../scim/patched.ts';
import { idsFoundBy } from './found.ts';
import type { ScimClient } from './server.ts';

/** An id that no user has. */
export const SOME_ID = '01934567-89ab-7cde-8f01-23456789abcd';
/** Another server of the same kind. */
export const OTHER_SERVER = 'https://scim.other.example/api/v1/acme/integrations/okta/scim/v2';

export const managerOf = (body: JsonObject) =>
  (body[ENTERPRISE_URN] as JsonObject | undefined)?.manager;

/** `clientOf` is called for each request, because a test has its client later than its name. */
export function userRequests(clientOf: () => ScimClient) {
  let count = 0;
  return {
    createUser: async (more: JsonObject = {}) => {
      const user = { userName: `user-${++count}`, ...more };
      const created = await clientOf().send('POST', '/Users', user);
      expect(created.status, created.text).toBe(201);
      return created;
    },
    patch: (path: string, ...Operations: readonly object[]) =>
      clientOf().send('PATCH', path, { Operations }),
    read: async (path: string) => (await clientOf().send('GET', path)).body,
    found: (path: string, filter: string) => idsFoundBy(clientOf(), path, filter),
  };
}
