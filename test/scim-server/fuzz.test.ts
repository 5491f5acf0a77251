/**
 * Slightly broken filters, paths, PATCHes and bodies: the status is below 500, the error log is
 * empty, and a refused request changes nothing.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';
import { bytesOf, mutationsOf } from '../support/scim/arbitrary-mutations.ts';
import { BADGE, BADGE_TYPES } from '../support/scim/badge-schema.ts';
import {
  type ScimAnswer,
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: string[] = [];
let server: ScimServer;
let client: ScimClient;
let state: string;
const paths = { user: '', group: '' };

beforeAll(async () => {
  server = await startScimServer({
    types: { ...STANDARD_RESOURCE_TYPES, user: BADGE_TYPES.user },
    log: createLogger('error', { write: (line) => lines.push(line) }),
  });
  client = await server.addIntegration();
  const { id } = await client.send('POST', '/Users', undefined, { raw: USER });
  const group = await client.send('POST', '/Groups', undefined, {
    raw: GROUP.replace('ID', id),
  });
  Object.assign(paths, { user: `/Users/${id}`, group: `/Groups/${group.id}` });
});
afterAll(() => server.close());
beforeEach(async () => {
  state = await read();
});

const USER = JSON.stringify({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:User', BADGE],
  userName: 'alice',
  name: { givenName: 'Alice' },
  emails: [{ value: 'a@b.c', type: 'work', primary: true }, { value: 'd@e.f' }],
  active: true,
  [BADGE]: {
    level: 3,
    weight: 1.5,
    issued: '2026-01-01T00:00:00Z',
    tags: ['x'],
    doors: [{ value: 'n', rank: 1 }],
  },
});
const GROUP = '{"displayName":"crew","externalId":"e","members":[{"value":"ID","type":"User"}]}';

const read = async () => (await client.send('GET', '/')).text;

async function expectSound(answer: ScimAnswer): Promise<void> {
  expect(answer.status, answer.text).toBeLessThan(500);
  expect(lines).toEqual([]);
  const now = await read();
  if (answer.status >= 400) {
    expect(answer.body).toMatchObject({ status: String(answer.status) });
    expect(now).toBe(state);
  }
  state = now;
}

const FILTERS = [
  'userName eq "alice" and not (emails[type eq "work" and value co "@"] or active eq false)',
  `${BADGE}:level gt 2 and ${BADGE}:doors[rank le 1.5].value sw "n"`,
  'meta.created ge "2026-01-01T00:00:00.123+01:00" or externalId pr or schemas co "urn"',
  'members[value eq "x" and type ne "Group"] or groups.display eq null',
  `${BADGE}:issued lt 2026-01-01T00:00:00Z or ${BADGE}:tags[value ew "x"] or name.givenName ne "é\\u0041"`,
];
const PATHS = [
  ...['userName', 'name.givenName', 'emails[type eq "work"].value', 'emails', 'active'],
  ...['members[value eq "x" or type eq "User"]', 'members', 'externalId', 'displayName'],
  ...[BADGE, `${BADGE}:level`, `${BADGE}:doors[value eq "n" and rank gt 0.5].rank`],
  ...[`${BADGE}:holder.desk`, `${BADGE}:tags[value eq "x"]`, `${BADGE}:weight`],
];
const settings = { numRuns: 150 };

describe('slightly broken', () => {
  it('filters, sortBy and attributes are served or refused', async () => {
    const property = fc.asyncProperty(
      mutationsOf(...FILTERS),
      mutationsOf(...PATHS),
      fc.constantFrom('/Users', '/Groups', ''),
      async (filter, name, path) => {
        await expectSound(await client.send('POST', `${path}/.search`, { filter }));
        const query = new URLSearchParams({ filter, attributes: name, count: name.slice(-3) });
        if (filter.isWellFormed() && name.isWellFormed()) {
          await expectSound(await client.send('GET', `${path}?${query}`));
          await expectSound(
            await client.send('GET', `${path}?${new URLSearchParams({ sortBy: name })}`),
          );
        }
      },
    );
    await fc.assert(property, settings);
  });

  it('paths of PATCH operations are applied or refused', async () => {
    const property = fc.asyncProperty(
      mutationsOf(...PATHS),
      fc.constantFrom('add', 'replace', 'remove'),
      fc.constantFrom<unknown>(
        'x',
        1e21,
        -0,
        true,
        null,
        ['x'],
        [{ value: 'x', type: 'work' }],
        {},
      ),
      fc.constantFrom('user', 'group'),
      async (path, op, value, on) => {
        const Operations = [
          { op: 'replace', path: 'externalId', value: 'e2' },
          { op, path, value },
        ];
        await expectSound(await client.send('PATCH', paths[on], { Operations }));
        await client.send('PUT', paths.user, undefined, { raw: USER });
        state = await read();
      },
    );
    await fc.assert(property, settings);
  });

  it('bodies of PATCH, PUT and POST are accepted or refused', async () => {
    const patches = PATHS.map((path) =>
      JSON.stringify({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [
          { op: 'replace', path, value: [{ value: 'x' }] },
          { op: 'add', value: { [path]: 'x', active: 'False', name: { givenName: null } } },
        ],
      }),
    );
    const property = fc.asyncProperty(
      bytesOf(mutationsOf(...patches)),
      bytesOf(mutationsOf(USER, GROUP)),
      fc.constantFrom('user', 'group'),
      async (patch, body, on) => {
        await expectSound(await client.send('PATCH', paths[on], undefined, { raw: patch }));
        await expectSound(await client.send('PUT', paths[on], undefined, { raw: body }));
        const type = on === 'user' ? '/Users' : '/Groups';
        const created = await client.send('POST', type, undefined, { raw: body });
        await expectSound(created);
        if (created.status === 201) await client.send('DELETE', `${type}/${created.id}`);
        state = await read();
      },
    );
    await fc.assert(property, settings);
  });
});
