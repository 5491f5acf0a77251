/** SCIM requests in parallel, as load for measurements. */
import { Agent, request } from 'node:http';

export interface Target {
  readonly base: string;
  readonly token: string;
}

const CONNECTIONS = 32;
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

type Send = (method: string, path: string, body?: unknown) => Promise<{ id?: string }>;

/** The n-th request of a phase. */
type Perform = (send: Send, state: State, n: number) => Promise<unknown>;
export type Phase = keyof typeof PHASES;

interface State {
  readonly users: string[];
  readonly group: string;
}

const userNamed = (userName: string, title = 'Engineer') => ({
  schemas: [USER, ENTERPRISE],
  userName,
  externalId: `00u${userName}`,
  name: { givenName: 'Ada', familyName: 'Lovelace', formatted: 'Ada Lovelace' },
  displayName: 'Ada Lovelace',
  title,
  emails: [{ value: userName, type: 'work', primary: true }],
  phoneNumbers: [{ value: '+44 20 7946 0958', type: 'work' }],
  active: true,
  [ENTERPRISE]: { employeeNumber: '1815', department: 'Analytical Engines', division: 'R&D' },
});

const FILTER = encodeURIComponent('userName eq "ada@example.com"');
const patch = (...Operations: readonly unknown[]) => ({ schemas: [PATCH], Operations });
const userOf = ({ users }: State, n: number) => users[n % users.length] ?? '';

export const PHASES = {
  'create a user': async (send, { users }) => {
    const { id = '' } = await send(
      'POST',
      '/Users',
      userNamed(`${crypto.randomUUID()}@example.com`),
    );
    users.push(id);
  },
  'PATCH `active`': (send, state, n) => {
    const value = Math.floor(n / state.users.length) % 2 === 1;
    const operation = { op: 'replace', path: 'active', value };
    return send('PATCH', `/Users/${userOf(state, n)}`, patch(operation));
  },
  PUT: (send, state, n) => {
    const id = userOf(state, n);
    return send('PUT', `/Users/${id}`, userNamed(`${id}@example.com`, `Engineer ${n}`));
  },
  'PATCH of a group: one member joins or leaves': (send, state, n) => {
    const value = userOf(state, n);
    const joins = { op: 'add', path: 'members', value: [{ value }] };
    const leaves = { op: 'remove', path: `members[value eq "${value}"]` };
    const isIn = Math.floor(n / state.users.length) % 2 === 1;
    return send('PATCH', `/Groups/${state.group}`, patch(isIn ? leaves : joins));
  },
  'mix: 60 % filter, 20 % GET, 15 % PATCH of users, 5 % PATCH of a group': (send, state, n) => {
    const id = userOf(state, n);
    const kind = n % 20;
    if (kind < 12) return send('GET', `/Users?filter=${FILTER}`);
    if (kind < 16) return send('GET', `/Users/${id}`);
    const title = { op: 'replace', path: 'title', value: `Engineer ${n}` };
    if (kind < 19) return send('PATCH', `/Users/${id}`, patch(title));
    const op = Math.floor(n / state.users.length) % 2 === 1 ? 'remove' : 'add';
    const members = { op, path: 'members', value: [{ value: id }] };
    return send('PATCH', `/Groups/${state.group}`, patch(members));
  },
} satisfies Readonly<Record<string, Perform>>;

export interface Load {
  /** Returns the number of requests. */
  run(phase: Phase, milliseconds: number): Promise<number>;
  close(): void;
}

/** Throws if a request is refused. */
export async function connect(target: Target): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const send = sending(target, agent);
  const { id: group = '' } = await send('POST', '/Groups', {
    schemas: [GROUP],
    displayName: 'all',
  });
  const state: State = { users: [], group };
  const counts = new Map<Phase, number>();
  return {
    run: async (phase, milliseconds) => {
      const perform: Perform = PHASES[phase];
      const deadline = performance.now() + milliseconds;
      const before = counts.get(phase) ?? 0;
      let next = before;
      const worker = async () => {
        while (performance.now() < deadline) await perform(send, state, next++);
      };
      await Promise.all(Array.from({ length: CONNECTIONS }, worker));
      counts.set(phase, next);
      return next - before;
    },
    close: () => agent.destroy(),
  };
}

function sending({ base, token }: Target, agent: Agent): Send {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? '' : JSON.stringify(body);
      const headers = {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/scim+json',
        'Content-Length': Buffer.byteLength(payload),
      };
      const sent = request(`${base}${path}`, { method, agent, headers }, async (response) => {
        const chunks: Buffer[] = await response.toArray();
        const text = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 500) < 300) resolve(text === '' ? {} : JSON.parse(text));
        else reject(new Error(`${method} ${path} got ${response.statusCode}: ${text}`));
      });
      sent.on('error', reject);
      sent.end(payload);
    });
}
