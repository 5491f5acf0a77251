// Runs in a pod: provisions users like an identity provider, through the Service, and counts.
// GET /state returns the counts. GET /verify ends the traffic, unless it has ended, and also reads
// every acknowledged write back.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

const WORKERS = 4;
const REST_MS = 25;
const RETRY_MS = 250;
const { ENDPOINT, TOKEN } = process.env;

const acknowledged = new Map();
const failures = [];
let requests = 0;
let running = true;

const fail = (what, reason) => failures.push({ at: new Date().toISOString(), what, reason });

async function once(method, path, body) {
  requests += 1;
  const response = await fetch(`${ENDPOINT}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/scim+json' },
    signal: AbortSignal.timeout(30_000),
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status >= 500 || response.status === 401 || response.status === 403)
    throw new Error(`${response.status} ${text}`);
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

/** Sends a request until it is answered, and records each failure. */
async function send(method, path, body) {
  for (;;) {
    try {
      return await once(method, path, body);
    } catch (error) {
      fail(`${method} ${path}`, error.cause?.code ?? error.cause?.message ?? error.message);
      await pause(RETRY_MS);
    }
  }
}

function expectStatus(what, { status, body }, ...allowed) {
  if (allowed.includes(status)) return;
  fail(what, `${status} ${JSON.stringify(body)}`);
}

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const operations = (...Operations) => ({ schemas: [PATCH], Operations });

/** Creates it, or finds it if an earlier attempt created it without an answer. */
async function create(path, attribute, value, schema) {
  const created = await send('POST', path, { schemas: [schema], [attribute]: value });
  expectStatus(`create ${value}`, created, 201, 409);
  if (created.status === 201) return created.body.id;
  const filter = encodeURIComponent(`${attribute} eq "${value}"`);
  const found = await send('GET', `${path}?filter=${filter}`);
  return found.body.Resources[0]?.id;
}

async function provision(worker, group) {
  for (let n = 0; running; n += 1) {
    const userName = `${worker}-${n}@acme.example`;
    const id = await create('/Users', 'userName', userName, USER);
    acknowledged.set(id, { userName });
    const title = `Engineer ${n}`;
    const change = operations({ op: 'replace', path: 'title', value: title });
    const changed = await send('PATCH', `/Users/${id}`, change);
    expectStatus(`change ${userName}`, changed, 200);
    if (changed.status === 200) acknowledged.set(id, { userName, title });
    const join = operations({ op: 'add', path: 'members', value: [{ value: id }] });
    const joined = await send('PATCH', `/Groups/${group}`, join);
    expectStatus(`add ${userName}`, joined, 204);
    if (joined.status === 204) acknowledged.set(id, { userName, title, group });
    await pause(REST_MS);
  }
}

/** What was acknowledged and is not there. */
async function verify() {
  const lost = [];
  const groups = new Map();
  for (const [id, { userName, title, group }] of acknowledged) {
    const { status, body } = await send('GET', `/Users/${id}`);
    if (status !== 200 || body.userName !== userName || body.title !== title)
      lost.push({ id, userName, title, status, body });
    if (group === undefined) continue;
    if (!groups.has(group)) {
      const read = await send('GET', `/Groups/${group}`);
      groups.set(group, new Set(read.body.members.map((member) => member.value)));
    }
    if (!groups.get(group).has(id)) lost.push({ id, userName, group });
  }
  return lost;
}

const group = await create('/Groups', 'displayName', 'Engineers', GROUP);
const workers = Array.from({ length: WORKERS }, (_, worker) => provision(worker, group));

createServer(async (request, response) => {
  let lost;
  if (request.url !== '/state') {
    running = false;
    await Promise.all(workers);
    lost = await verify();
  }
  response.end(JSON.stringify({ requests, acknowledged: acknowledged.size, failures, lost }));
}).listen(8000, '127.0.0.1');
