/** Compares a Bulk with the same operations as separate requests. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
beforeAll(async () => {
  server = await startScimServer();
});
afterAll(() => server.close());

describe('a Bulk of any operations', () => {
  it('has the same result and responses as its operations sent one by one', async () => {
    let tenants = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const tenant = `tenant-${++tenants}`;
        const [together, apart] = [
          await server.addIntegration({ tenant: `${tenant}-a` }),
          await server.addIntegration({ tenant: `${tenant}-b` }),
        ];
        const Operations = [...START, ...steps].map(toOperation);
        const { body } = await together.send('POST', '/Bulk', { Operations });
        const outcomes = (body.Operations as unknown as readonly Outcome[]).map(outcome);
        expect(outcomes).toEqual(await sendApart(apart, Operations));
        expect(await contentOf(together)).toEqual(await contentOf(apart));
      }),
      { numRuns: 80 },
    );
  });
});

interface Step {
  readonly kind: 'user' | 'group' | 'put' | 'patch' | 'delete' | 'join' | 'leave';
  /** Indexes of earlier, later or missing operations. */
  readonly user: number;
  readonly group: number;
  readonly member: number;
  readonly version: number | undefined;
}

/** Two users and two groups to begin with. */
const START = (['user', 'user', 'group', 'group'] as const).map((kind, index) => ({
  ...{ kind, user: index, group: index, member: index === 3 ? 0 : 9, version: undefined },
}));

/** Few different numbers, so that names collide and resources are hit often. */
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('user', 'group', 'put', 'patch', 'delete', 'join', 'join', 'leave'),
  user: fc.constantFrom(0, 0, 1, 1, 4, 5, 6),
  group: fc.constantFrom(2, 2, 3, 3, 4, 5, 6),
  member: fc.nat(6),
  version: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined, freq: 2 }),
});

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly bulkId?: string;
  readonly version?: string;
  readonly data?: object;
}

/** Each references only earlier operations, because separate requests can't do otherwise. */
function toOperation({ kind, user, group, member, version }: Step, index: number): Operation {
  const named = (number: number) => (number < index ? `bulkId:b${number}` : `none-${number}`);
  const guarded = version === undefined ? {} : { version: `W/"${version}"` };
  const [path, members] = [`/Groups/${named(group)}`, [{ value: named(member) }]];
  switch (kind) {
    case 'user':
      return {
        method: 'POST',
        path: '/Users',
        bulkId: `b${index}`,
        data: { userName: `name-${user}`, title: named(member) },
      };
    case 'group':
      return {
        method: 'POST',
        path: '/Groups',
        bulkId: `b${index}`,
        data: { displayName: `name-${group}`, members },
      };
    case 'put':
      return {
        method: 'PUT',
        path: `/Users/${named(user)}`,
        data: { userName: `name-${member}`, nickName: `${index}` },
        ...guarded,
      };
    case 'patch':
      return {
        method: 'PATCH',
        path: `/Users/${named(user)}`,
        data: { Operations: [{ op: 'replace', path: 'title', value: `title-${member % 2}` }] },
        ...guarded,
      };
    case 'delete':
      return { method: 'DELETE', path: `/Users/${named(user)}`, ...guarded };
    case 'join':
      return {
        method: 'PATCH',
        path,
        data: { Operations: [{ op: 'add', path: 'members', value: members }] },
        ...guarded,
      };
    case 'leave':
      return {
        method: 'PATCH',
        path,
        data: { Operations: [{ op: 'remove', path: `members[value eq "${named(member)}"]` }] },
        ...guarded,
      };
  }
}

interface Outcome {
  readonly status: string;
  readonly version?: string | undefined;
}

/** Without the digest of the groups, which depends on ids. */
function outcome({ status, version }: Outcome): string {
  return `${status} ${version?.replace(/\.\w+/, '') ?? ''}`;
}

/**
 * What a client without Bulk does: it inserts the ids itself, and skips operations whose id it
 * didn't get.
 */
async function sendApart(
  one: ScimClient,
  operations: readonly Operation[],
): Promise<readonly string[]> {
  const ids = new Map<string, string>();
  const outcomes: string[] = [];
  for (const operation of operations) {
    const { method, bulkId } = operation;
    let text = JSON.stringify({ path: operation.path, data: operation.data });
    for (const [name, id] of ids) text = text.replaceAll(`bulkId:${name}\\"`, `${id}\\"`);
    for (const [name, id] of ids) text = text.replaceAll(`bulkId:${name}"`, `${id}"`);
    if (text.includes('bulkId:')) {
      outcomes.push(outcome({ status: '409' }));
      continue;
    }
    const resolved = JSON.parse(text) as Pick<Operation, 'path' | 'data'>;
    const headers: Record<string, string> =
      operation.version === undefined ? {} : { 'if-match': operation.version };
    const answer = await one.send(method, resolved.path, resolved.data, { headers });
    if (answer.status === 201 && bulkId !== undefined) ids.set(bulkId, answer.id);
    const version = answer.headers.get('etag') ?? undefined;
    outcomes.push(outcome({ status: String(answer.status), version }));
  }
  return outcomes;
}

/** All resources, with ids in the order of creation instead of random ones. */
async function contentOf(one: ScimClient): Promise<unknown> {
  const users = await one.send('GET', '/Users');
  const groups = await one.send('GET', '/Groups');
  const resources = [users, groups].flatMap(({ body }) => body.Resources as { id: string }[]);
  let text = JSON.stringify(resources);
  resources.forEach(({ id }, index) => {
    text = text.replaceAll(id, `#${index}`);
  });
  return JSON.parse(
    text
      .replaceAll(one.publicBaseUrl, '')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'deleted')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
      .replaceAll(/(W\/\\"\d+)\.\w+/g, '$1'),
  );
}
