/** Integrations of one tenant see everything of each other except the externalIds. */
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

describe('integrations of one tenant', () => {
  it('share users, but not externalIds', async () => {
    const [one, two] = await Promise.all([
      server.addIntegration({ tenant: 'shared' }),
      server.addIntegration({ tenant: 'shared' }),
    ]);
    const { id } = await one.send('POST', '/Users', { userName: 'ann', externalId: 'one-1' });
    const seen = await two.send('GET', `/Users/${id}`);
    expect(seen.body).toMatchObject({ userName: 'ann' });
    expect(seen.body).not.toHaveProperty('externalId');
    expect((await two.send('GET', '/Users?filter=externalId eq "one-1"')).body.totalResults).toBe(
      0,
    );
    expect((await two.send('POST', '/Users', { userName: 'ANN' })).status).toBe(409);
    expect(seen.body.meta).toMatchObject({ location: `${two.publicBaseUrl}/Users/${id}` });
  });
});

interface Write {
  readonly by: 0 | 1;
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: '/Users' | '/Groups';
  readonly name: string;
  readonly suffix: string | undefined;
}

const writes = fc.array(
  fc.record<Write>({
    by: fc.constantFrom(0, 1),
    method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
    path: fc.constantFrom('/Users', '/Groups'),
    name: fc.constantFrom('ann', 'ben'),
    suffix: fc.constantFrom('x', 'y', undefined),
  }),
  { minLength: 3, maxLength: 20 },
);

interface Known {
  readonly id: string;
  /** The externalId that each integration has given it. */
  readonly called: (string | undefined)[];
}

/** Two integrations of their own tenant, and what each should see, by path and name. */
class Pair {
  readonly clients: readonly [ScimClient, ScimClient];
  readonly known = new Map<string, Known>();

  constructor(clients: readonly [ScimClient, ScimClient]) {
    this.clients = clients;
  }

  async take(write: Write): Promise<void> {
    const { by, method, path, name, suffix } = write;
    const externalId = suffix && `${by}-${suffix}`;
    const key = `${path} ${name}`;
    const known = this.known.get(key);
    const below = method === 'POST' ? path : `${path}/${known?.id ?? 'nobody'}`;
    const answer = await this.clients[by].send(method, below, bodyOf(method, name, externalId));
    expect(answer.status, answer.text).toBe(statusOf(write, known));
    if (method === 'DELETE') this.known.delete(key);
    else if (known === undefined && method === 'POST') {
      this.known.set(key, { id: answer.id, called: [] });
    }
    const changed = method === 'POST' && known !== undefined ? undefined : this.known.get(key);
    if (changed !== undefined) changed.called[by] = externalId;
  }

  async check(who: 0 | 1): Promise<void> {
    const { send } = this.clients[who];
    const { text, body } = await send('GET', '/');
    const resources = body.Resources as { id: string; externalId?: string }[];
    const seen = Object.fromEntries(resources.map(({ id, externalId }) => [id, externalId]));
    const expected = [...this.known.values()].map(({ id, called }) => [id, called[who]]);
    expect(seen).toEqual(Object.fromEntries(expected));
    const other = 1 - who;
    expect(text).not.toMatch(new RegExp(`"${other}-[xy]"`));
    const foreign = `externalId eq "${other}-x" or externalId eq "${other}-y"`;
    expect((await send('GET', `/?filter=${foreign}`)).body.totalResults).toBe(0);
    const own = `externalId eq "${who}-x" or externalId eq "${who}-y"`;
    const mine = expected.filter(([, externalId]) => externalId !== undefined);
    expect((await send('GET', `/?filter=${own}`)).body.totalResults).toBe(mine.length);
  }
}

function bodyOf(method: Write['method'], name: string, externalId: string | undefined) {
  if (method === 'DELETE') return undefined;
  if (method !== 'PATCH') return { userName: name, displayName: name, externalId };
  const op = externalId === undefined ? 'remove' : 'replace';
  return { Operations: [{ op, path: 'externalId', value: externalId }] };
}

function statusOf({ method, path }: Write, known: Known | undefined): number {
  if (method === 'POST') return known === undefined ? 201 : 409;
  if (known === undefined) return 404;
  return method === 'DELETE' || (method === 'PATCH' && path === '/Groups') ? 204 : 200;
}

describe('whatever two integrations of one tenant write', () => {
  it('neither sees, finds, changes or clears the other’s externalIds', async () => {
    let tenants = 0;
    const property = fc.asyncProperty(writes, async (each) => {
      const tenant = `t-${++tenants}`;
      const pair = new Pair([
        await server.addIntegration({ tenant }),
        await server.addIntegration({ tenant }),
      ]);
      for (const write of each) {
        await pair.take(write);
        await pair.check(0);
        await pair.check(1);
      }
    });
    await fc.assert(property, { numRuns: 15 });
  });
});
