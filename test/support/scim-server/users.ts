/** Users with managers, as a client writes and reads them. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { JsonObject } from '../../../src/scim/json.ts';
import { ENTERPRISE_URN } from '../scim/patched.ts';
import { idsFoundBy } from './found.ts';
import {
  type ScimClient,
  type ScimServer,
  type ScimServerOptions,
  startScimServer,
} from './server.ts';

/** An id that no user has. */
export const SOME_ID = '01934567-89ab-7cde-8f01-23456789abcd';
/** Another server of the same kind. */
export const OTHER_SERVER = 'https://scim.other.example/api/v1/acme/integrations/okta/scim/v2';

export const managerOf = (body: JsonObject) =>
  (body[ENTERPRISE_URN] as JsonObject | undefined)?.manager;

/** A server with one integration, while the tests of a suite run. */
export function useUsers(open: NonNullable<ScimServerOptions['open']>) {
  let server: ScimServer;
  let client: ScimClient;
  beforeAll(async () => {
    server = await startScimServer({ open });
    client = await server.addIntegration();
  });
  afterAll(() => server.close());
  const clientOf = () => client;
  let count = 0;
  return {
    serverOf: () => server,
    clientOf,
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
