/** Every single point in which identity providers differ from the RFC or from each other, over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DATABASES } from '../support/databases.ts';
import { type ScimServer, startScimServer } from '../support/scim-server.ts';
import { DISCOVERY } from './points/discovery.ts';
import { GROUPS } from './points/groups.ts';
import { MESSAGES } from './points/messages.ts';
import { Tenant } from './points/point.ts';
import { READING } from './points/reading.ts';
import { USER_PATCHES } from './points/user-patches.ts';
import { USERS } from './points/users.ts';

const POINTS = [DISCOVERY, READING, USERS, USER_PATCHES, GROUPS, MESSAGES]
  .flat()
  .sort((one, other) => one.number - other.number);

it('the points are numbered from 1 to 71', () => {
  expect(POINTS.map(({ number }) => number)).toEqual(Array.from({ length: 71 }, (_, at) => at + 1));
});

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  beforeAll(async () => {
    server = await startScimServer({ open });
  });
  afterAll(() => server.close());

  it.each(POINTS)('[$who] $number: $title', async ({ number, check }) => {
    const client = await server.addIntegration({ tenant: `point-${number}` });
    await check(new Tenant(server, client));
  });
});
