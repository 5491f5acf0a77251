/** The manager whom a request names, by value, by URL, or by both: what a PUT and a PATCH leave. */
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import { ENTERPRISE_URN } from '../support/scim/patched.ts';
import { managerOf, OTHER_SERVER, SOME_ID, useUsers } from '../support/scim-server/users.ts';

describe.each(DATABASES)('the manager whom a request names, on %s', (_, open) => {
  const { clientOf, createUser, patch, read, found } = useUsers(open);

  /** Of another server of the same kind. */
  const ELSEWHERE = `${OTHER_SERVER}/Users/${SOME_ID}`;
  const OF_PATH = `${ENTERPRISE_URN}:manager`;
  interface Parties {
    readonly x: string;
    readonly y: string;
    readonly ofY: string;
  }
  type Write = (ids: Parties) => JsonObject | readonly object[];
  type Expected = (ids: Parties) => JsonObject | undefined;

  /** What a PUT with the manager, or a PATCH with the operations, leaves of the manager. */
  const write = async (before: JsonObject, ids: Parties, how: Write) => {
    const { id, body } = await createUser({ [ENTERPRISE_URN]: { manager: before } });
    const path = `/Users/${id}`;
    const sent = how(ids);
    const once = () =>
      Array.isArray(sent)
        ? patch(path, ...sent)
        : clientOf().send('PUT', path, { ...body, [ENTERPRISE_URN]: { manager: sent } });
    const [first, second] = [await once(), await once()];
    expect(first.status, first.text).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(await read(path)).toEqual(first.body);
    return managerOf(first.body);
  };
  const parties = async () => {
    const [a, b, c] = [await createUser(), await createUser(), await createUser()];
    const urlOf = ({ body }: typeof a) => String((body.meta as JsonObject).location);
    return {
      ids: { x: b.id, y: c.id, ofY: urlOf(c) },
      stored: [
        { value: a.id },
        { value: b.id },
        { value: c.id },
        { value: a.id, $ref: ELSEWHERE },
        { $ref: ELSEWHERE },
      ],
      shown: (manager: JsonObject | undefined) => {
        const known = [a, b, c].find(({ id }) => id === manager?.value);
        if (known === undefined || manager?.$ref !== undefined) return manager;
        return { ...manager, $ref: urlOf(known) };
      },
    };
  };
  const RELATIVE = ['../Users/', 'Users/', '/Users/', '/scim/v2/Users/', './Users/'];
  /** References that lead elsewhere, or to nothing that could be a user here. */
  const KEPT: readonly (readonly [string, (ids: Parties) => string])[] = [
    ['a space before the URL of another system', ({ y }) => ` https://evil.example/Users/${y}`],
    ['a tab in the URL of another system', ({ y }) => `ht\tps://evil.example/Users/${y}`],
    ['another host after backslashes', ({ y }) => `\\\\evil.example/Users/${y}`],
    ['another host after a slash and a backslash', ({ y }) => `/\\evil.example/Users/${y}`],
    [
      'the path of an integration of another tenant',
      ({ y }) => `/api/v1/other/integrations/other/scim/v2/Users/${y}`,
    ],
    ['a host without slashes', ({ y }) => `hr.example.com/Users/${y}`],
    ['a colon in a relative path', ({ y }) => `1:bar/Users/${y}`],
    ['a user name before the host', ({ ofY }) => ofY.replace('https://', 'https://ann@')],
    [
      'a longer path in the place of an integration',
      ({ ofY }) => ofY.replace('/scim/v2', '/more/scim/v2'),
    ],
    ['a query in the place of an integration', ({ ofY }) => ofY.replace(/[^/]+\/scim/, '?/scim')],
    ['a longer path in the endpoint', ({ ofY }) => ofY.replace('/Users/', '/more/Users/')],
    ['a group', ({ ofY }) => ofY.replace('/Users/', '/Groups/')],
    ['an id in capitals', ({ ofY, y }) => ofY.replace(y, y.toUpperCase())],
    ['an id of another form', () => '../Users/2819c223'],
    ['an id with a stray percent sign', ({ ofY }) => `${ofY}%`],
  ];
  const named =
    (...subs: readonly (readonly [string, (ids: Parties) => string | null])[]): Write =>
    (ids) =>
      subs.map(([sub, value]) => ({
        op: 'replace',
        path: `${OF_PATH}.${sub}`,
        value: value(ids),
      }));

  it.each<[string, Write, Expected]>([
    ['PUT: value and $ref', ({ x, ofY }) => ({ value: x, $ref: ofY }), ({ x }) => ({ value: x })],
    ['PUT: value', ({ x }) => ({ value: x }), ({ x }) => ({ value: x })],
    ['PUT: $ref', ({ ofY }) => ({ $ref: ofY }), ({ y }) => ({ value: y })],
    ...RELATIVE.map((prefix): [string, Write, Expected] => [
      `PUT: relative $ref, ${prefix}…`,
      ({ y }) => ({ $ref: `${prefix}${y}` }),
      ({ y }) => ({ value: y }),
    ]),
    ...RELATIVE.map((prefix): [string, Write, Expected] => [
      `PATCH: relative $ref, ${prefix}…`,
      named(['$ref', ({ y }) => `${prefix}${y}`]),
      ({ y }) => ({ value: y }),
    ]),
    [
      'PUT: a $ref of a host without a scheme',
      ({ y }) => ({ $ref: `//scim.other.example/scim/v2/Users/${y}` }),
      ({ y }) => ({ $ref: `//scim.other.example/scim/v2/Users/${y}` }),
    ],
    [
      'PUT: an id in the $ref that is percent-encoded',
      ({ ofY }) => ({ $ref: ofY.replaceAll('-', '%2D') }),
      ({ y }) => ({ value: y }),
    ],
    [
      'PUT: the path of the $ref, relative to the host',
      ({ ofY }) => ({ $ref: new URL(ofY).pathname }),
      ({ y }) => ({ value: y }),
    ],
    [
      'PUT: the host of the $ref in capitals',
      ({ ofY }) => ({ $ref: ofY.replace('https://scim.', 'HTTPS://SCIM.') }),
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: a $ref of another system',
      named(['$ref', () => `${ELSEWHERE}?a`]),
      () => ({ $ref: `${ELSEWHERE}?a` }),
    ],
    [
      'PATCH: the manager by a $ref of another system',
      () => [{ op: 'add', path: OF_PATH, value: { $ref: OTHER_SERVER } }],
      () => ({ $ref: OTHER_SERVER }),
    ],
    [
      'PUT: value and a $ref of another system',
      ({ x }) => ({ value: x, $ref: ELSEWHERE }),
      ({ x }) => ({ value: x, $ref: ELSEWHERE }),
    ],
    ['PUT: a $ref of another system', () => ({ $ref: ELSEWHERE }), () => ({ $ref: ELSEWHERE })],
    [
      'PUT: a $ref with a query',
      ({ y }) => ({ $ref: `../Users/${y}?a=b` }),
      ({ y }) => ({ $ref: `../Users/${y}?a=b` }),
    ],
    ...KEPT.map(([what, $ref]): [string, Write, Expected] => [
      `PUT: ${what}`,
      (ids) => ({ $ref: $ref(ids) }),
      (ids) => ({ $ref: $ref(ids) }),
    ]),
    ...KEPT.map(([what, $ref]): [string, Write, Expected] => [
      `PATCH: value and ${what}`,
      (ids) => [{ op: 'add', path: OF_PATH, value: { value: ids.x, $ref: $ref(ids) } }],
      (ids) => ({ value: ids.x, $ref: $ref(ids) }),
    ]),
    ['PUT: null and $ref', ({ ofY }) => ({ value: null, $ref: ofY }), () => undefined],
    ['PUT: "" and $ref', ({ ofY }) => ({ value: '', $ref: ofY }), () => undefined],
    [
      'PATCH: the manager by value and $ref',
      ({ x, ofY }) => [{ op: 'replace', path: OF_PATH, value: { value: x, $ref: ofY } }],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: the manager by $ref',
      ({ ofY }) => [{ op: 'add', path: OF_PATH, value: { $ref: ofY } }],
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: [Entra] the manager in a list, by $ref',
      ({ y }) => [{ op: 'Add', path: OF_PATH, value: [{ $ref: `../Users/${y}` }] }],
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: [Entra] the manager in a list, by value and $ref',
      ({ x, y }) => [{ op: 'Add', path: 'manager', value: [{ $ref: `../Users/${y}`, value: x }] }],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH without a path: value and $ref',
      ({ x, ofY }) => [{ op: 'add', value: { [`${OF_PATH}.value`]: x, [`${OF_PATH}.$ref`]: ofY } }],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH without a path: $ref',
      ({ ofY }) => [{ op: 'add', value: { [ENTERPRISE_URN]: { manager: { $ref: ofY } } } }],
      ({ y }) => ({ value: y }),
    ],
    ['PATCH: $ref', named(['$ref', ({ ofY }) => ofY]), ({ y }) => ({ value: y })],
    [
      'PATCH: value, then $ref',
      named(['value', ({ x }) => x], ['$ref', ({ ofY }) => ofY]),
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: $ref, then value',
      named(['$ref', ({ ofY }) => ofY], ['value', ({ x }) => x]),
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: a $ref of another system, then value',
      named(['$ref', () => ELSEWHERE], ['value', ({ x }) => x]),
      ({ x }) => ({ value: x, $ref: ELSEWHERE }),
    ],
    [
      'PATCH: null, then $ref',
      named(['value', () => null], ['$ref', ({ ofY }) => ofY]),
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: the manager by null and $ref',
      ({ ofY }) => [{ op: 'replace', path: OF_PATH, value: { value: null, $ref: ofY } }],
      () => undefined,
    ],
    ['PATCH: null', named(['value', () => null]), () => undefined],
    [
      'PATCH: null, then a $ref of another system',
      named(['value', () => null], ['$ref', () => ELSEWHERE]),
      () => ({ $ref: ELSEWHERE }),
    ],
    [
      'PATCH: "", then $ref',
      named(['value', () => ''], ['$ref', ({ ofY }) => ofY]),
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: "", a $ref of another system, then value',
      named(['value', () => ''], ['$ref', () => ELSEWHERE], ['value', () => '7']),
      () => ({ value: '7', $ref: ELSEWHERE }),
    ],
    ...['', null].map((nothing): [string, Write, Expected] => [
      `PATCH: $ref ${JSON.stringify(nothing)}, value, then a $ref of another system`,
      named(['$ref', () => nothing], ['value', () => '7'], ['$ref', () => ELSEWHERE]),
      () => ({ value: '7', $ref: ELSEWHERE }),
    ]),
    [
      'PATCH: $ref, value, then a $ref of another system',
      named(['$ref', ({ ofY }) => ofY], ['value', () => '7'], ['$ref', () => ELSEWHERE]),
      () => ({ value: '7', $ref: ELSEWHERE }),
    ],
    [
      'PATCH: $ref, then value and a $ref of another system without a path',
      ({ ofY }) => [
        { op: 'replace', path: `${OF_PATH}.$ref`, value: ofY },
        { op: 'replace', value: { [`${OF_PATH}.value`]: '7', [`${OF_PATH}.$ref`]: ELSEWHERE } },
      ],
      () => ({ value: '7', $ref: ELSEWHERE }),
    ],
    ...['', null].map((nothing): [string, Write, Expected] => [
      `PATCH without a path: value ${JSON.stringify(nothing)} and $ref`,
      ({ ofY }) => [
        { op: 'add', value: { [`${OF_PATH}.$ref`]: ofY, [`${OF_PATH}.value`]: nothing } },
      ],
      () => undefined,
    ]),
    [
      'PATCH of the extension: value and a $ref of another system',
      ({ x }) => [
        {
          op: 'replace',
          path: ENTERPRISE_URN,
          value: { 'manager.value': x, 'manager.$ref': ELSEWHERE },
        },
      ],
      ({ x }) => ({ value: x, $ref: ELSEWHERE }),
    ],
    [
      'PUT: $ref of another integration of the tenant',
      ({ ofY }) => ({ $ref: ofY.replace(/[^/]+(?=\/scim)/, 'integrations') }),
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: $ref of another integration of the tenant',
      named(['$ref', ({ ofY }) => ofY.replace(/[^/]+(?=\/scim)/, 'other')]),
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: the manager by ""',
      () => [{ op: 'replace', path: OF_PATH, value: { value: '' } }],
      () => undefined,
    ],
    ['PUT: $ref ""', () => ({ $ref: '' }), () => undefined],
    [
      'PATCH: the manager by value and $ref ""',
      ({ x }) => [{ op: 'replace', path: OF_PATH, value: { value: x, $ref: '' } }],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: value removed, then $ref',
      ({ ofY }) => [
        { op: 'remove', path: `${OF_PATH}.value` },
        { op: 'add', path: `${OF_PATH}.$ref`, value: ofY },
      ],
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: both of another system, then the manager by value',
      ({ x }) => [
        { op: 'add', path: OF_PATH, value: { value: 'a', $ref: ELSEWHERE } },
        { op: 'replace', path: OF_PATH, value: { value: x } },
      ],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: both of another system, then value',
      ({ x }) => [
        { op: 'add', path: OF_PATH, value: { value: 'a', $ref: ELSEWHERE } },
        { op: 'replace', path: `${OF_PATH}.value`, value: x },
      ],
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: both of another system, then $ref',
      ({ ofY }) => [
        { op: 'add', path: OF_PATH, value: { value: 'a', $ref: ELSEWHERE } },
        { op: 'replace', path: `${OF_PATH}.$ref`, value: ofY },
      ],
      ({ y }) => ({ value: y }),
    ],
    [
      'PATCH: value, then a $ref of another system',
      named(['value', ({ x }) => x], ['$ref', () => ELSEWHERE]),
      ({ x }) => ({ value: x, $ref: ELSEWHERE }),
    ],
    [
      'PATCH: value, a $ref of another system, then another value',
      named(['value', () => 'a'], ['$ref', () => ELSEWHERE], ['value', ({ x }) => x]),
      ({ x }) => ({ value: x }),
    ],
    [
      'PATCH: removed, then $ref',
      ({ x, ofY }) => [
        { op: 'add', path: `${OF_PATH}.value`, value: x },
        { op: 'remove', path: OF_PATH },
        { op: 'add', path: `${OF_PATH}.$ref`, value: ofY },
      ],
      ({ y }) => ({ value: y }),
    ],
  ])('is the same one whatever was stored, however often: %s', async (_form, how, expected) => {
    const { ids, stored, shown } = await parties();
    for (const before of stored) {
      expect(await write(before, ids, how)).toEqual(shown(expected(ids)));
    }
  });

  it('has no $ref of the previous one after a PATCH of the value alone', async () => {
    const { ids, shown } = await parties();
    const elsewhere = { value: 'old', $ref: ELSEWHERE };
    const next = named(['value', ({ x }) => x]);
    for (const before of [elsewhere, { $ref: ELSEWHERE }]) {
      expect(await write(before, ids, next)).toEqual(shown({ value: ids.x }));
    }
    expect(await write(elsewhere, ids, named(['value', () => 'old']))).toEqual(elsewhere);
    const undone = named(['$ref', () => ELSEWHERE], ['$ref', () => null]);
    expect(await write(elsewhere, ids, undone)).toBeUndefined();
    expect(await write(elsewhere, ids, named(['$ref', () => '']))).toEqual({ value: 'old' });
    const unmatched = { op: 'remove', path: `${OF_PATH}[value eq "nobody"].$ref` };
    const withRemoval: Write = (all) => [...(next(all) as object[]), unmatched];
    expect(await write(elsewhere, ids, withRemoval)).toEqual(shown({ value: ids.x }));
  });

  it('in the path of a PATCH finds the manager as it was read', async () => {
    const { ids } = await parties();
    const { id } = await createUser({ [ENTERPRISE_URN]: { manager: { value: ids.y } } });
    const selected = (url: string) => `${OF_PATH}[$ref eq "${url}"]`;
    const replace = { op: 'replace', path: `${selected(ids.ofY)}.value`, value: ids.x };
    expect((await patch(`/Users/${id}`, replace)).status).toBe(200);
    expect(managerOf(await read(`/Users/${id}`))).toMatchObject({ value: ids.x });
    const path = selected(`../Users/${ids.x}`);
    expect((await patch(`/Users/${id}`, { op: 'remove', path })).status).toBe(200);
    expect(managerOf(await read(`/Users/${id}`))).toBeUndefined();
  });

  it('in the path of a PATCH is the one that the operations before have named', async () => {
    const { ids, shown } = await parties();
    const before = { value: 'a' };
    const next = named(['$ref', ({ ofY }) => ofY]);
    const followedBy =
      (operation: (all: Parties) => object): Write =>
      (all) => [...(next(all) as object[]), operation(all)];
    const removal = followedBy(() => ({ op: 'remove', path: `${OF_PATH}[value eq "a"]` }));
    expect(await write(before, ids, removal)).toEqual(shown({ value: ids.y }));
    const replacement = followedBy(({ x, y }) => ({
      op: 'replace',
      path: `${OF_PATH}[value eq "${y}"].value`,
      value: x,
    }));
    expect(await write(before, ids, replacement)).toEqual(shown({ value: ids.x }));
  });

  it('in the path of a PATCH is never one of another system with the same id', async () => {
    const { ids } = await parties();
    const foreign = { value: '7', $ref: `${OTHER_SERVER}/Users/${ids.y}` };
    const remove = (url: string) => ({ op: 'remove', path: `${OF_PATH}[$ref eq "${url}"]` });
    for (const url of [ids.ofY, `../Users/${ids.y}`, `Users/${ids.y}`]) {
      expect(await write(foreign, ids, () => [remove(url)])).toEqual(foreign);
    }
    expect(await write(foreign, ids, () => [remove(foreign.$ref)])).toBeUndefined();
    const own = { value: ids.y };
    const left = await write(own, ids, () => [remove(foreign.$ref)]);
    expect(left).toEqual({ ...own, $ref: ids.ofY });
  });

  it('finds the user by the manager whom it names', async () => {
    const { ids } = await parties();
    const { id } = await createUser({ [ENTERPRISE_URN]: { manager: { value: ids.x } } });
    await patch(`/Users/${id}`, ...(named(['$ref', ({ ofY }) => ofY])(ids) as object[]));
    expect(await found('/Users', `${OF_PATH}.value eq "${ids.y}"`)).toEqual([id]);
    expect(await found('/Users', `${OF_PATH}.value eq "${ids.x}"`)).toEqual([]);
  });
});
