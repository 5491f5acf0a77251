/** The body of a Bulk, its references and its order, without a directory (RFC 7644 §3.7). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BulkOperation, parseBulk } from '../../src/scim/bulk.ts';
import { planBulk, stepsTogether } from '../../src/scim/bulk-plan.ts';
import {
  referencesIn,
  resolveReferences,
  separateUnresolved,
} from '../../src/scim/bulk-references.ts';
import { ScimError } from '../../src/scim/error.ts';
import type { JsonObject } from '../../src/scim/json.ts';
import { STANDARD_RESOURCE_TYPES } from '../../src/scim/resource-types.ts';

const TYPES = [STANDARD_RESOURCE_TYPES.user, STANDARD_RESOURCE_TYPES.group];
const parse = (...Operations: readonly object[]) => parseBulk({ Operations }, TYPES).operations;

function refusal(operation: object): unknown {
  const [parsed] = parse(operation);
  const refused = parsed?.request;
  return refused instanceof ScimError ? `${refused.status} ${refused.scimType}` : parsed;
}

const user = (bulkId: string, manager?: string) => ({
  method: 'POST',
  bulkId,
  path: '/Users',
  data: { userName: bulkId, ...(manager === undefined ? {} : { manager: `bulkId:${manager}` }) },
});
const group = (bulkId: string, ...members: readonly string[]) => ({
  method: 'POST',
  bulkId,
  path: '/Groups',
  data: { displayName: bulkId, members: members.map((each) => ({ value: `bulkId:${each}` })) },
});

/** `3` is the fourth operation, `3a` and `3b` are its two steps. */
function planned(...operations: readonly object[]): string {
  const marks = { whole: '', begin: 'a', complete: 'b' };
  return planBulk(parse(...operations))
    .map(({ index, part }) => `${index}${marks[part]}`)
    .join(' ');
}

describe('operations of a Bulk that are carried out at the same time', () => {
  const deletion = { method: 'DELETE', path: '/Users/x' };

  it.each([
    ['are creates', 3, [user('a'), user('b'), group('c')], 9],
    ['are as few as wanted', 2, [user('a'), user('b'), user('c')], 2],
    ['are at least one', 1, [user('a'), user('b')], 0],
    ['end before a name that repeats', 2, [user('a'), user('b'), { ...user('A'), bulkId: 'c' }], 9],
    ['end before another method', 1, [user('a'), deletion, user('b')], 9],
    ['end before a reference', 2, [user('a'), user('b'), user('c', 'a')], 9],
    ['don’t include a refused one', 1, [{ ...user('a'), bulkId: undefined }, user('b')], 9],
  ])('%s', (_, count, given, most) => {
    const operations = parse(...given);
    expect(stepsTogether(operations, planBulk(operations), most)).toHaveLength(count);
  });
});

describe('the body of a Bulk', () => {
  it.each([
    ['a list instead of an object', []],
    ['null', null],
    ['no Operations', { schemas: [] }],
    ['Operations that are not a list', { Operations: {} }],
    ['an operation that is not an object', { Operations: ['POST'] }],
    ['a string as failOnErrors', { Operations: [], failOnErrors: 'one' }],
    ['a negative failOnErrors', { Operations: [], failOnErrors: -1 }],
    ['a fractional failOnErrors', { Operations: [], failOnErrors: 1.5 }],
    ['the same bulkId twice', { Operations: [user('a'), group('a')] }],
  ])('with %s is refused as a whole: 400 invalidSyntax', (_, body) => {
    expect(() => parseBulk(body, TYPES)).toThrow(
      expect.objectContaining({ status: 400, scimType: 'invalidSyntax' }),
    );
  });

  it('may have 1,000 operations; one more is 413 with the limit', () => {
    const many = (count: number) => ({ Operations: Array.from({ length: count }, () => ({})) });
    expect(parseBulk(many(1000), TYPES).operations).toHaveLength(1000);
    expect(() => parseBulk(many(1001), TYPES)).toThrow(
      expect.objectContaining({ status: 413, detail: expect.stringContaining('1000') }),
    );
  });

  it('may have names and methods in any case, and extra or missing slashes', () => {
    const body = {
      FAILONERRORS: 2,
      operations: [
        { METHOD: 'post', BulkID: 'q', Path: 'Users/', DATA: { userName: 'x' } },
        { Method: 'Delete', path: '//Groups/1', data: null },
      ],
    };
    expect(parseBulk(body, TYPES)).toMatchObject({
      failOnErrors: 2,
      operations: [
        { method: 'POST', bulkId: 'q', request: { id: '', data: { userName: 'x' } } },
        { method: 'DELETE', request: { type: TYPES[1], id: '1', data: {} } },
      ],
    });
  });

  it.each([
    [undefined, Number.POSITIVE_INFINITY],
    [null, Number.POSITIVE_INFINITY],
    [0, 1],
    [1, 1],
    [7, 7],
  ])('with failOnErrors %s stops after %s errors', (failOnErrors, expected) => {
    expect(parseBulk({ Operations: [], failOnErrors }, TYPES).failOnErrors).toBe(expected);
  });

  it.each([
    ['no method', { path: '/Users', bulkId: 'q', data: {} }, '400 invalidValue'],
    ['GET', { method: 'GET', path: '/Users/1' }, '400 invalidValue'],
    ['a POST without bulkId', { method: 'POST', path: '/Users', data: {} }, '400 invalidValue'],
    ['an empty bulkId', { method: 'POST', bulkId: '', path: '/Users' }, '400 invalidValue'],
    ['a POST without data', { method: 'POST', bulkId: 'q', path: '/Users' }, '400 invalidValue'],
    ['a PUT with data null', { method: 'PUT', path: '/Users/1', data: null }, '400 invalidValue'],
    ['a PUT with a list', { method: 'PUT', path: '/Users/1', data: [] }, '400 invalidValue'],
    ['a PATCH with text', { method: 'PATCH', path: '/Users/1', data: '[]' }, '400 invalidValue'],
    [
      'a version that is a number',
      { method: 'DELETE', path: '/Users/1', version: 1 },
      '400 invalidValue',
    ],
    ['no path', { method: 'DELETE' }, '400 invalidPath'],
    ['a path that is a number', { method: 'DELETE', path: 1 }, '400 invalidPath'],
    ['a POST to a resource', { ...user('q'), path: '/Users/1' }, '400 invalidPath'],
    ['a DELETE of all users', { method: 'DELETE', path: '/Users' }, '400 invalidPath'],
    ['a search', { ...user('q'), path: '/Users/.search' }, '400 invalidPath'],
    ['/Me', { method: 'PATCH', path: '/Me', data: {} }, '400 invalidPath'],
    ['a Bulk in the Bulk', { ...user('q'), path: '/Bulk' }, '400 invalidPath'],
    ['a schema', { method: 'DELETE', path: '/Schemas/urn:x' }, '400 invalidPath'],
    ['/users in lower case', { ...user('q'), path: '/users' }, '400 invalidPath'],
  ])('refuses an operation on its own: %s', (_, operation, expected) => {
    expect(refusal(operation)).toBe(expected);
  });

  it('may contain the list of operations itself as the data of a PATCH, as in RFC 7644 §3.7.3', () => {
    const operations = [
      { op: 'remove', path: 'nickName' },
      { op: 'add', path: 'members', value: [{ value: 'bulkId:a' }] },
      { op: 'remove', path: 'members[value eq bulkId:b]' },
    ];
    const [parsed] = parse({ method: 'PATCH', path: '/Groups/1', data: operations });
    expect(parsed?.request).toMatchObject({
      data: { Operations: operations },
      references: new Set(['a', 'b']),
    });
  });

  it('keeps the method and the bulkId of an invalid operation', () => {
    expect(parse({ method: 'get', bulkId: 'q' })).toMatchObject([{ method: 'GET', bulkId: 'q' }]);
  });
});

describe('references', () => {
  const data: JsonObject = {
    manager: { value: 'bulkId:a', $ref: '../Users/bulkId:b' },
    plain: ['bulkId:c', 'no bulkId:x', 'bulkId:', 7, null],
    note: 'see "bulkId:x" and /bulkId:x',
    Operations: [{ op: 'remove', path: 'members[value eq "bulkId:d" or value eq "bulkId:e"]' }],
    constructor: 'bulkId:two\nlines',
  };
  const ids = new Map(
    ['a', 'b', 'c', 'd', 'e', 'two\nlines'].map((bulkId) => [bulkId, `id-${bulkId}`]),
  );

  it('are whole strings, ends of a $ref and literals in PATCH paths, at any depth', () => {
    expect([...referencesIn(data)]).toEqual([...ids.keys()]);
  });

  it('are replaced by ids, and nothing else changes', () => {
    expect(resolveReferences(data, ids)).toEqual({
      manager: { value: 'id-a', $ref: '../Users/id-b' },
      plain: ['id-c', 'no bulkId:x', 'bulkId:', 7, null],
      note: 'see "bulkId:x" and /bulkId:x',
      Operations: [{ op: 'remove', path: 'members[value eq "id-d" or value eq "id-e"]' }],
      constructor: 'id-two\nlines',
    });
  });

  it.each([
    ['members[value eq bulkId:a]', 'members[value eq "id-a"]'],
    [
      'members[value eq bulkId:a or value eq bulkId:b]',
      'members[value eq "id-a" or value eq "id-b"]',
    ],
    ['members[(value eq bulkId:a)]', 'members[(value eq "id-a")]'],
    ["members[value eq 'bulkId:a']", 'members[value eq "id-a"]'],
    ['members[value eq “bulkId:a”]', 'members[value eq "id-a"]'],
    [
      'members[value eq ‘bulkId:a’ or value eq "bulkId:b"]',
      'members[value eq "id-a" or value eq "id-b"]',
    ],
    ['members[value eq "bulkId:a"', 'members[value eq "id-a"'],
    ['emails[display eq "see bulkId:x" and value eq "it\'s bulkId:x"]', undefined],
    ['emails[display eq "\\" bulkId:x"]', undefined],
    ["emails[display eq 'see bulkId:x']", undefined],
    [
      "emails[display eq O'Brien and value eq bulkId:a]",
      'emails[display eq O\'Brien and value eq "id-a"]',
    ],
    ['emails[value eq notbulkId:x]', undefined],
  ])('are found in the literals of a path, in any quotes or none: %s', (path, expected) => {
    expect(resolveReferences({ path }, ids)).toEqual({ path: expected ?? path });
  });

  it.each([
    ['[{"value":"bulkId:a"}]', '[{"value":"id-a"}]'],
    [
      ' {"value": "bulkId:a", "$ref":"../Users/bulkId:b"}',
      ' {"value": "id-a", "$ref":"../Users/id-b"}',
    ],
    ['{"display":"see bulkId:x"}', undefined],
    ['see "bulkId:x"', undefined],
  ])('are found in JSON that is sent as a string: %s', (value, expected) => {
    expect(resolveReferences({ value }, ids)).toEqual({ value: expected ?? value });
  });

  it.each([
    ['was never created', new Map()],
    ['could not be created', new Map([['a', undefined]])],
  ])('to a resource that %s are 409 with the bulkId', (_, created) => {
    expect(() => resolveReferences({ manager: 'bulkId:a' }, created)).toThrow(
      expect.objectContaining({
        status: 409,
        scimType: 'invalidValue',
        detail: 'this Bulk created no resource with the bulkId "a"',
      }),
    );
  });

  it('never reach a prototype', () => {
    const hostile: JsonObject = JSON.parse('{"__proto__":{"x":"bulkId:__proto__"}}');
    const resolved = resolveReferences(hostile, new Map([['__proto__', 'id']]));
    expect(JSON.stringify(resolved)).toBe('{"__proto__":{"x":"id"}}');
    expect(({} as JsonObject).x).toBeUndefined();
  });

  it('to operations that were not tried yet are separated with their attributes', () => {
    const created = new Map([['b', 'id-b']]);
    expect(separateUnresolved({ x: 'bulkId:a', y: 'bulkId:b', z: 1 }, created)).toEqual({
      now: { y: 'bulkId:b', z: 1 },
      later: { x: 'bulkId:a' },
    });
  });

  it.each([
    'bulkId:'.repeat(100_000),
    '/bulkId:'.repeat(100_000),
    '"bulkId:'.repeat(100_000),
    `"bulkId:${'x'.repeat(800_000)}`,
    '\\"'.repeat(400_000).concat('bulkId:'),
    "'bulkId: '".repeat(80_000),
    `[${'"bulkId:'.repeat(100_000)}`,
    `{${'/bulkId:x'.repeat(80_000)}`,
  ])('are found in linear time: %.20s…', (text) => {
    // Quadratic time would take minutes, and the test would time out.
    const found = ['value', '$ref', 'path'].map((key) => referencesIn({ [key]: text }).size);
    expect(Math.max(...found)).toBeLessThanOrEqual(100_000);
  });
});

describe('the order of a Bulk', () => {
  it('is that of the request if there are no references', () => {
    expect(planned(user('a'), { method: 'GET' }, group('b'), user('c'))).toBe('0 1 2 3');
  });

  it('puts operations after those that they reference, and moves no others', () => {
    expect(planned(group('g', 'a', 'b'), user('a'), user('x'), user('b'), user('y'))).toBe(
      '1 2 3 0 4',
    );
    expect(planned(group('g', 'h'), group('h', 'i'), group('i', 'a'), user('a'))).toBe('3 2 1 0');
  });

  it('keeps the order of operations on the same resource', () => {
    const change = { method: 'PATCH', path: '/Users/1', data: { manager: 'bulkId:a' } };
    const gone = { method: 'DELETE', path: '/Users/1' };
    expect(planned(change, gone, { ...gone, path: '/Users/2' }, user('a'))).toBe('2 3 0 1');
    const created = { method: 'PATCH', path: '/Users/bulkId:b', data: { manager: 'bulkId:a' } };
    expect(planned(created, { ...gone, path: '/Users/bulkId:b' }, user('b'), user('a'))).toBe(
      '2 3 0 1',
    );
  });

  it('ignores references that no operation resolves', () => {
    expect(planned(user('a', 'nobody'), { ...user('b'), method: 'PUT' }, user('c', 'b'))).toBe(
      '0 1 2',
    );
  });

  it('creates users that reference each other in two steps', () => {
    expect(planned(user('a', 'b'), user('b', 'a'))).toBe('0a 1a 0b 1b');
    expect(planned(group('g', 'a'), user('a', 'a'))).toBe('1a 1b 0');
    expect(planned(user('a', 'b'), user('b', 'c'), user('c', 'b'))).toBe('1a 2a 1b 0 2b');
    expect(planned(group('g', 'a'), user('a', 'g'))).toBe('1a 0 1b');
  });

  it('ends with groups that contain each other, and with operations that wait for them', () => {
    expect(planned(group('x', 'a'), group('a', 'b'), group('b', 'a'), user('u'))).toBe('3 0 1 2');
    expect(planned(group('g', 'g'), user('u'))).toBe('1 0');
  });

  it('is computed in time for the largest Bulk', () => {
    const names = Array.from({ length: 1000 }, (_, index) => `n${index}`);
    const chain = names.map((name, index) => user(name, names[index + 1]));
    expect(planned(...chain).split(' ')).toEqual(names.map((_, index) => String(999 - index)));
    const clique = names.map((name) => group(name, ...names));
    expect(planned(...clique).split(' ')).toHaveLength(1000);
  });

  it('contains every operation once, after those that it references, for any references', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const operation = fc.record({
      kind: fc.constantFrom('/Users', '/Groups', 'PATCH', 'DELETE'),
      others: fc.subarray([...names, 'nobody'], { maxLength: 2 }),
    });
    const operations = fc.array(operation, { minLength: 1, maxLength: names.length }).map((all) =>
      all.map(({ kind, others }, index) => {
        const data = { x: others.map((each) => `bulkId:${each}`) };
        return kind.startsWith('/')
          ? { method: 'POST', path: kind, bulkId: names[index], data }
          : { method: kind, path: `/Users/${index % 2 === 0 ? 'bulkId:a' : '1'}`, data };
      }),
    );
    fc.assert(
      fc.property(operations, (sent) => {
        const parsed = parse(...sent);
        const steps = planBulk(parsed);
        const made = steps.filter(({ part }) => part !== 'complete').map(({ index }) => index);
        expect(made.toSorted((a, b) => a - b)).toEqual(parsed.map((_, index) => index));
        for (const { index, part } of steps) {
          if (part !== 'complete') continue;
          expect(made).toContain(index);
          const at = (wanted: string) =>
            steps.findIndex((step) => step.index === index && step.part === wanted);
          expect(at('begin')).toBeLessThan(at('complete'));
        }
        const startedAt = (wanted: number) => made.indexOf(wanted);
        parsed.forEach((each, index) => {
          for (const other of namedBy(each, parsed)) {
            if (!leadsTo(other, index, parsed) && !isHopeless(other, parsed)) {
              expect(startedAt(other)).toBeLessThan(startedAt(index));
            }
          }
        });
      }),
      { numRuns: 1000 },
    );
  });
});

function namedBy({ request }: BulkOperation, all: readonly BulkOperation[]): readonly number[] {
  if (request instanceof ScimError) return [];
  return [...request.references]
    .map((bulkId) => all.findIndex((each) => each.method === 'POST' && each.bulkId === bulkId))
    .filter((index) => index >= 0);
}

/** Whether references lead from one operation to the other. */
function leadsTo(from: number, to: number, all: readonly BulkOperation[]): boolean {
  const seen = new Set<number>([from]);
  for (const each of seen) {
    const operation = all[each];
    for (const next of operation === undefined ? [] : namedBy(operation, all)) seen.add(next);
  }
  return seen.has(to) && (from !== to || namesItself(from, all));
}

function namesItself(index: number, all: readonly BulkOperation[]): boolean {
  const operation = all[index];
  return operation !== undefined && namedBy(operation, all).includes(index);
}

/** Whether it waits for groups in a circle, so that it comes at the end. */
function isHopeless(index: number, all: readonly BulkOperation[]): boolean {
  return all.some(
    (each, at) =>
      !(each.request instanceof ScimError) &&
      each.request.type.name === 'Group' &&
      each.method === 'POST' &&
      namedBy(each, all).some((other) => leadsTo(other, at, all)) &&
      (at === index || leadsTo(index, at, all)),
  );
}
