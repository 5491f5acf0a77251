/** The points in which identity providers differ from the RFC or from each other, over HTTP. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASES } from '../support/directory/databases.ts';
import { type ScimServer, startScimServer } from '../support/scim-server/server.ts';
import { DISCOVERY } from './points/discovery.ts';
import { GROUPS } from './points/groups.ts';
import { MESSAGES } from './points/messages.ts';
import { Tenant } from './points/point.ts';
import { READING } from './points/reading.ts';
import { USER_PATCHES } from './points/user-patches.ts';
import { USERS } from './points/users.ts';

const POINTS = [DISCOVERY, READING, USERS, USER_PATCHES, GROUPS, MESSAGES].flat();

it('the README gives the number of points', () => {
  expect(readFileSync('README.md', 'utf8')).toContain(`[${POINTS.length} points](test/idp/points)`);
});

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  let tenants = 0;
  beforeAll(async () => {
    server = await startScimServer({ open });
  });
  afterAll(() => server.close());

  it.each(POINTS)('$who: $title', async ({ check }) => {
    const client = await server.addIntegration({ tenant: `point-${++tenants}` });
    await check(new Tenant(server, client));
  });
});
