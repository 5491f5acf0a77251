/**
 * Filters, sorting and PATCH over a custom extension with attributes of every type, on both
 * databases.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { BADGE, BADGE_TYPES } from '../support/scim/badge-schema.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const PEOPLE: Readonly<Record<string, JsonObject>> = {
  ann: {
    colour: 'Red',
    code: 'aB',
    level: 10,
    weight: 0.1,
    valid: true,
    issued: '2026-01-31T12:00:00+02:00',
    tags: ['One', 'two'],
    levels: [3, 9],
    holder: { desk: 'D1', floor: -2 },
    doors: [
      { value: 'north', rank: 1 },
      { value: 'west', rank: 9, primary: true },
    ],
    note: 'asked',
  },
  ben: {
    colour: 'blue',
    code: 'Ab',
    level: 9,
    weight: 1e21,
    valid: false,
    issued: '2026-01-31T10:00:00.250Z',
    tags: ['three'],
    levels: [-1],
    holder: { desk: 'D2', floor: 0 },
    doors: [{ value: 'east', rank: 2.5, opens: '2026-01-01T08:00:00Z' }],
    picture: 'https://example.com/Ben',
    print: 'AQID',
  },
  cid: {},
};

describe.each(DATABASES)('on %s', (_database, open) => {
  let server: ScimServer;
  let client: ScimClient;
  beforeAll(async () => {
    server = await startScimServer({ types: BADGE_TYPES, open });
    client = await server.addIntegration();
    for (const [userName, badge] of Object.entries(PEOPLE)) {
      await client.send('POST', '/Users', { userName, [BADGE]: badge });
    }
  });
  afterAll(() => server.close());

  const found = async (query: string): Promise<string> => {
    const answer = await client.send('GET', `/Users?${query.replaceAll('+', '%2B')}`);
    expect(answer.status, answer.text).toBe(200);
    return (answer.body.Resources as { userName: string }[]).map((each) => each.userName).join(' ');
  };

  describe('a filter finds', () => {
    it.each([
      ['colour eq "RED"', 'ann'],
      ['COLOUR sw "b"', 'ben'],
      ['code eq "aB"', 'ann'],
      ['code co "b"', 'ben'],
      ['level eq 10', 'ann'],
      ['level gt 9', 'ann'],
      ['level eq "9"', 'ben'],
      ['level eq 9.0', 'ben'],
      ['level eq 9e0', 'ben'],
      ['level ne 9', 'ann cid'],
      ['level lt 1e400 or level pr', undefined],
      ['weight eq 0.1', 'ann'],
      ['weight eq 1e21', 'ben'],
      ['weight ge 1000000000000000000000', 'ben'],
      ['valid eq true', 'ann'],
      ['valid eq false', 'ben'],
      ['valid pr', 'ann ben'],
      ['not (valid pr)', 'cid'],
      ['valid eq null', 'cid'],
      ['issued eq "2026-01-31T10:00:00Z"', 'ann'],
      ['issued eq "2026-01-31T05:00:00-05:00"', 'ann'],
      ['issued gt "2026-01-31T10:00:00.000Z"', 'ben'],
      ['issued ge "2026-01-31T10:00:00.2500000Z"', 'ben'],
      ['picture eq "https://example.com/Ben"', 'ben'],
      ['picture eq "https://example.com/ben"', ''],
      ['print eq "AQID"', 'ben'],
      ['tags eq "one"', 'ann'],
      ['tags.value eq "one"', undefined],
      ['tags[value sw "t"]', 'ann ben'],
      ['levels gt 3', 'ann'],
      ['levels[value ge 3 and value lt 9]', 'ann'],
      ['holder.floor le -2', 'ann'],
      ['holder[desk eq "d2" and floor eq 0]', 'ben'],
      ['holder pr', 'ann ben'],
      ['doors eq "north"', 'ann'],
      ['doors.rank eq 2.5', 'ben'],
      ['doors[value eq "north" and rank gt 5]', ''],
      ['doors[value eq "west" and rank gt 5]', 'ann'],
      ['doors[primary eq "True"].rank eq 9', 'ann'],
      ['doors.opens lt "2026-01-01T09:00:00.001+01:00"', 'ben'],
      ['note eq "asked"', 'ann'],
      ['level gt 0x1', undefined],
      ['level eq "Infinity"', undefined],
      ['colour gt true', ''],
      ['valid gt false', undefined],
      ['print gt "A"', undefined],
      ['level co 1', undefined],
      ['holder eq "x"', undefined],
      ['holder.nothing pr', undefined],
    ] as const)('%s, by the name alone and with its URN', async (filter, expected) => {
      const [head = '', ...tail] = filter.split(/(?<=^not \()/);
      const qualified = tail.length === 0 ? `${BADGE}:${head}` : `${head}${BADGE}:${tail.join('')}`;
      for (const each of [filter, qualified]) {
        if (expected !== undefined) expect(await found(`filter=${each}`), each).toBe(expected);
        else {
          const { body } = await client.send('GET', `/Users?filter=${encodeURIComponent(each)}`);
          expect(body).toMatchObject({ status: '400', scimType: 'invalidFilter' });
        }
      }
    });

    it('numbers as doubles, including 64-bit integers', async () => {
      const numbers = [-5716941639520984000, 2 ** 63, 9007199254740994, 5e-324, 1.7e308, 0.1 + 0.2];
      for (const weight of numbers) {
        const { id } = await client.send('POST', '/Users', {
          userName: 'dora',
          [BADGE]: { weight },
        });
        for (const operator of ['eq', 'ge', 'le']) {
          const filter = `userName eq dora and weight ${operator} ${JSON.stringify(weight)}`;
          expect(await found(`filter=${filter}`), filter).toBe('dora');
        }
        await client.send('DELETE', `/Users/${id}`);
      }
    });

    it('resources by schemas, which name an extension only if the resource has it', async () => {
      expect(await found(`filter=schemas eq "${BADGE}"`)).toBe('ann ben');
      expect(await found(`filter=schemas[value eq "${BADGE}"]`)).toBe('ann ben');
      expect(await found(`filter=not (schemas co "badge")`)).toBe('cid');
    });
  });

  describe('sorting', () => {
    it.each([
      ['colour', 'ben ann cid'],
      ['code', 'ben ann cid'],
      ['level', 'ben ann cid'],
      ['weight', 'ann ben cid'],
      ['valid', 'ben ann cid'],
      ['issued', 'ann ben cid'],
      ['tags', 'ann ben cid'],
      ['levels', 'ben ann cid'],
      ['holder.floor', 'ann ben cid'],
      ['doors', 'ben ann cid'],
      ['doors.rank', 'ben ann cid'],
      ['doors.opens', 'ben ann cid'],
      ['note', 'ann ben cid'],
      ['picture', 'ben ann cid'],
    ])('by %s puts resources without a value last, or first if descending', async (name, up) => {
      expect(await found(`sortBy=${BADGE}:${name}`)).toBe(up);
      const down = up.split(' ').reverse().join(' ');
      expect(await found(`sortBy=${name}&sortOrder=Descending`)).toBe(down);
    });

    it('in an unknown order is refused', async () => {
      const { body } = await client.send('GET', '/Users?sortBy=level&sortOrder=sideways');
      expect(body).toMatchObject({ status: '400', scimType: 'invalidValue' });
    });
  });

  describe('PATCH', () => {
    const cases: readonly (readonly [
      string,
      JsonObject,
      readonly object[],
      JsonObject | undefined,
    ])[] = [
      [
        'sets a value by its URN',
        {},
        [{ op: 'add', path: `${BADGE}:level`, value: 3 }],
        { level: 3 },
      ],
      ['sets a value by its name', {}, [{ op: 'add', path: 'level', value: 3 }], { level: 3 }],
      [
        'sets several values without a path, by object and by key',
        { level: 1 },
        [
          { op: 'replace', value: { [BADGE]: { valid: 'True', tags: 'one' } } },
          { op: 'add', value: { [`${BADGE}:holder.desk`]: 'D', [`${BADGE}:tags`]: ['two'] } },
        ],
        { level: 1, valid: true, tags: ['one', 'two'], holder: { desk: 'D' } },
      ],
      [
        'accepts the URN as the path',
        { level: 1 },
        [{ op: 'replace', path: BADGE.toUpperCase(), value: { weight: 0.5 } }],
        { level: 1, weight: 0.5 },
      ],
      [
        'changes one element by a filter after the URN',
        { doors: [{ value: 'a' }, { value: 'b' }] },
        [{ op: 'replace', path: `${BADGE}:doors[value eq "b"].rank`, value: 4 }],
        { doors: [{ value: 'a' }, { value: 'b', rank: 4 }] },
      ],
      [
        'removes plain elements by a filter and by value',
        { tags: ['one', 'two', 'Three'], levels: [1, 2, 3] },
        [
          { op: 'remove', path: `${BADGE}:tags[value eq "three"]` },
          { op: 'remove', path: `${BADGE}:tags`, value: ['ONE'] },
          { op: 'remove', path: `${BADGE}:levels[value ge 2]` },
        ],
        { tags: ['two'], levels: [1] },
      ],
      [
        'adds an element only once, spelled as in the last request',
        { levels: [1], tags: ['one'], doors: [{ value: 'a', opens: '2026-01-01T00:00:00Z' }] },
        [
          { op: 'add', path: `${BADGE}:levels`, value: [1, 1.0, 2] },
          { op: 'add', path: `${BADGE}:tags`, value: 'ONE' },
          { op: 'add', path: `${BADGE}:doors`, value: [{ value: 'A', primary: true }] },
        ],
        {
          levels: [1, 2],
          tags: ['ONE'],
          doors: [{ value: 'A', opens: '2026-01-01T00:00:00Z', primary: true }],
        },
      ],
      [
        'removes a value',
        { level: 1, weight: 2 },
        [{ op: 'remove', path: `${BADGE}:level` }],
        { weight: 2 },
      ],
      [
        'removes the extension with its last value',
        { level: 1 },
        [{ op: 'remove', path: 'level' }],
        undefined,
      ],
      [
        'removes the whole extension',
        { level: 1, weight: 2 },
        [{ op: 'remove', path: BADGE }],
        undefined,
      ],
      [
        'ignores what it can’t write in a value without a path',
        { level: 1 },
        [
          {
            op: 'replace',
            value: { [BADGE]: { printed: 'x', secret: 'y', nothing: 1, level: 2 } },
          },
        ],
        { level: 2 },
      ],
    ];
    it.each(cases)('%s', async (_, before, Operations, expected) => {
      const created = await client.send('POST', '/Users', { userName: 'patched', [BADGE]: before });
      const answer = await client.send('PATCH', `/Users/${created.id}`, { Operations });
      const read = await client.send('GET', `/Users/${created.id}`);
      await client.send('DELETE', `/Users/${created.id}`);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.body[BADGE]).toEqual(expected);
      expect(read.body).toEqual(answer.body);
      expect((read.body.schemas as string[]).includes(BADGE)).toBe(expected !== undefined);
    });

    it.each([
      [`${BADGE}:nothing`, 'invalidPath', 'nothing'],
      [`${BADGE}:doors[nothing eq 1]`, 'invalidPath', 'nothing'],
      [`${BADGE}:level[value eq 1]`, 'invalidPath', 'level'],
      [`${BADGE}:holder[desk eq "x"].floor`, 'invalidValue', 'holder'],
      [`${BADGE}:holder[desk eq "x"].desk`, 'noTarget', 'holder'],
      ['urn:example:nothing:level', 'invalidPath', 'urn:example:nothing:level'],
      [`${BADGE}:level`, 'invalidValue', `${BADGE}:level`],
    ])('of %s with a string is 400 %s', async (path, scimType, name) => {
      const created = await client.send('POST', '/Users', { userName: 'refused' });
      const Operations = [{ op: 'add', path, value: 'x' }];
      const answer = await client.send('PATCH', `/Users/${created.id}`, { Operations });
      await client.send('DELETE', `/Users/${created.id}`);
      expect(answer.body).toMatchObject({ status: '400', scimType });
      expect(answer.body.detail).toContain(name);
    });
  });
});
