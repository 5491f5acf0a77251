/** Tenants see nothing of each other. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ScimAnswer,
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

let server: ScimServer;
/** A server that has tenant b without tenant a. */
let lonely: ScimServer;
beforeAll(async () => {
  [server, lonely] = await Promise.all([startScimServer(), startScimServer()]);
});
afterAll(() => Promise.all([server.close(), lonely.close()]));

describe('tenants', () => {
  it('never see or change each other’s users, groups, names and members', async () => {
    const [a, b] = await Promise.all([
      server.addIntegration({ tenant: 'tenant-a' }),
      server.addIntegration({ tenant: 'tenant-b' }),
    ]);
    const user = { userName: 'same@example.com', displayName: 'In A' };
    const { id } = await a.send('POST', '/Users', user);
    const group = await a.send('POST', '/Groups', {
      displayName: 'Same',
      members: [{ value: id }],
    });
    expect((await b.send('GET', '/Users')).body.totalResults).toBe(0);
    for (const path of [`/Users/${id}`, `/Groups/${group.id}`]) {
      expect((await b.send('GET', path)).status).toBe(404);
      expect((await b.send('PUT', path, { ...user, displayName: 'Stolen' })).status).toBe(404);
      const operation = { op: 'replace', value: { displayName: 'Stolen' } };
      expect((await b.send('PATCH', path, { Operations: [operation] })).status).toBe(404);
      expect((await b.send('DELETE', path)).status).toBe(404);
    }
    const twin = await b.send('POST', '/Users', { ...user, displayName: 'In B' });
    expect(twin.status).toBe(201);
    expect(twin.id).not.toBe(id);
    const twinGroup = await b.send('POST', '/Groups', {
      displayName: 'Same',
      members: [{ value: id }, { value: twin.id }],
    });
    expect(twinGroup.body.members).toEqual([
      { value: twin.id, type: 'User', $ref: `${b.publicBaseUrl}/Users/${twin.id}` },
    ]);
    expect((await b.send('GET', `/Users?filter=id eq "${id}"`)).body.totalResults).toBe(0);
    expect((await b.send('DELETE', `/Users/${twin.id}`)).status).toBe(204);
    expect((await a.send('GET', `/Users/${id}`)).body).toMatchObject({
      displayName: 'In A',
      groups: [{ value: group.id }],
    });
  });
});

/** One of the tenant's own resources, or of the other tenant's. */
interface Ref {
  readonly own: boolean;
  readonly index: number;
}
interface Step {
  readonly actor: 'a' | 'b';
  readonly kind: string;
  readonly path: '/Users' | '/Groups';
  readonly name: string;
  readonly target: Ref;
  readonly members: readonly Ref[];
}

const refs = fc.record({ own: fc.boolean(), index: fc.nat(4) });
const steps = fc.array(
  fc.record<Step>({
    actor: fc.constantFrom('a', 'b'),
    kind: fc.constantFrom(
      ...['POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'members', 'members', 'remove'],
      ...['find', 'findMember', 'list', 'root'],
    ),
    path: fc.constantFrom('/Users', '/Groups'),
    name: fc.constantFrom('ann', 'ANN', 'ben', 'crew'),
    target: refs,
    members: fc.array(refs, { maxLength: 3 }),
  }),
  { minLength: 3, maxLength: 15 },
);

/** The initial resources of each tenant, so that most steps hit something. */
const BEGINNING = (['a', 'b'] as const).flatMap((actor) =>
  (['/Users', '/Users', '/Groups', '/Groups'] as const).map(
    (path, index): Step => ({
      actor,
      kind: 'POST',
      path,
      name: index % 2 === 0 ? 'ann' : 'ben',
      target: { own: true, index },
      members: [{ own: true, index: 0 }],
    }),
  ),
);

/** The id of no resource. It stands for ids of the other tenant if that tenant doesn't exist. */
const NOBODY = '00000000-0000-7000-8000-000000000000';

class Tenant {
  readonly #client: ScimClient;
  readonly #title: string;
  /** In the order of creation. */
  readonly ids: string[] = [];
  readonly #paths = new Map<string, string>();
  readonly answers: unknown[] = [];

  constructor(client: ScimClient, title: string) {
    this.#client = client;
    this.#title = title;
  }

  async take(step: Step, others: readonly string[]): Promise<void> {
    const pick = (ids: readonly string[], index: number) => ids[index % ids.length] ?? NOBODY;
    const path = /members|remove/.test(step.kind) ? '/Groups' : step.path;
    const ofPath = this.ids.filter((id) => this.#paths.get(id) === path);
    const { own, index } = step.target;
    const target = pick(own ? ofPath : others, index);
    const members = step.members.map((each) => pick(each.own ? this.ids : others, each.index));
    const answer = await this.#send(step, target, members);
    if (answer.status === 201) {
      this.ids.push(answer.id);
      this.#paths.set(answer.id, step.path);
    }
    this.answers.push(this.#comparable(answer, others));
  }

  #send({ kind, path, name, actor }: Step, id: string, members: readonly string[]) {
    const names = {
      userName: name,
      displayName: name,
      title: this.#title,
      externalId: `${actor}-x`,
    };
    const body = { ...names, members: members.map((value) => ({ value })) };
    const value = body.members;
    const send = this.#client.send;
    switch (kind) {
      case 'POST':
        return send('POST', path, body);
      case 'PUT':
        return send('PUT', `${path}/${id}`, body);
      case 'PATCH':
        return send('PATCH', `${path}/${id}`, { Operations: [{ op: 'add', value: names }] });
      case 'members':
      case 'remove': {
        const op = kind === 'members' ? 'add' : 'remove';
        const Operations = [{ op, path: 'members', value }];
        return send('PATCH', `/Groups/${id}?attributes=members`, { Operations });
      }
      case 'find':
        return send(
          'GET',
          `${path}?filter=id eq "${id}" or displayName eq "${name}" or externalId pr`,
        );
      case 'findMember':
        return send('GET', `/?filter=members.value eq "${id}" or groups.value eq "${id}"`);
      case 'list':
        return send('GET', `${path}?sortBy=displayName`);
      case 'root':
        return send('POST', '/.search', {});
      default:
        return send(kind, `${path}/${id}`);
    }
  }

  /** Without what differs between two equal runs: ids, times, addresses, digests. */
  #comparable({ status, text }: ScimAnswer, others: readonly string[]): unknown {
    let plain = text.replaceAll(this.#client.path, '');
    for (const [index, id] of this.ids.entries()) plain = plain.replaceAll(id, `own-${index}`);
    for (const id of [...others, NOBODY]) plain = plain.replaceAll(id, 'nobody');
    plain = plain
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'T')
      .replace(/(W\/\\"\d+)\.[0-9a-f]+/g, '$1');
    return { status, body: plain };
  }
}

let tenants = 0;
const newClient = (where: ScimServer) => where.addIntegration({ tenant: `t-${++tenants}` });

describe('whatever two tenants do', () => {
  it('each gets the same responses as without the other', async () => {
    const property = fc.asyncProperty(steps, async (each) => {
      const a = new Tenant(await newClient(server), 'secret-of-a');
      const b = new Tenant(await newClient(server), 'b');
      const alone = new Tenant(await newClient(lonely), 'b');
      for (const step of [...BEGINNING, ...each]) {
        if (step.actor === 'a') await a.take(step, b.ids);
        else {
          await b.take(step, a.ids);
          await alone.take(step, []);
        }
      }
      expect(b.answers).toEqual(alone.answers);
      expect(JSON.stringify(b.answers)).not.toContain('secret-of-a');
    });
    await fc.assert(property, { numRuns: 25 });
  });
});
