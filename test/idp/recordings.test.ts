/**
 * Replays recorded traffic of real clients. Every response must be one that the client handled
 * well.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/scim/json.ts';
import { DATABASES } from '../support/directory/databases.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

interface Exchange {
  readonly seq: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonValue;
  readonly status: number;
  readonly response: JsonValue;
}

describe.each(DATABASES)('on %s', (_, open) => {
  let server: ScimServer;
  beforeAll(async () => {
    server = await startScimServer({ open });
  });
  afterAll(() => server.close());

  it.each([
    ['authentik-default', 150],
    ['keycloak-pelotech-put', 115],
  ])('%s gets the recorded responses', async (name, count) => {
    const client = await server.addIntegration({ tenant: name });
    const exchanges = readRecording(name);
    const ids = new Map<string, string>();
    const recorded: Compared[] = [];
    const replayed: Compared[] = [];
    for (const exchange of exchanges) {
      const answer = await send(client, exchange, ids);
      const id = isJsonObject(exchange.response) ? exchange.response.id : undefined;
      if (typeof id === 'string') ids.set(id, answer.id);
      recorded.push(compared(exchange, exchange.status, withIds(exchange.response, ids)));
      replayed.push(compared(exchange, answer.status, answer.text === '' ? null : answer.body));
    }
    expect(replayed).toEqual(recorded);
    expect(exchanges).toHaveLength(count);
  });
});

function readRecording(name: string): readonly Exchange[] {
  const text = readFileSync(new URL(`../idp/recordings/${name}.jsonl`, import.meta.url), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The headers that the HTTP client sets itself, and that of the masked token. */
const NOT_REPLAYED = ['authorization', 'connection', 'content-length', 'accept-encoding', 'host'];

function send(client: ScimClient, exchange: Exchange, ids: ReadonlyMap<string, string>) {
  const headers = Object.fromEntries(
    Object.entries(exchange.headers).filter(([header]) => !NOT_REPLAYED.includes(header)),
  );
  const body = exchange.body === null ? undefined : withIds(exchange.body, ids);
  return client.send(exchange.method, withIds(exchange.path, ids), body, { headers });
}

/** Replaces the ids of the recorded server with those of this one. */
function withIds<T extends JsonValue>(value: T, ids: ReadonlyMap<string, string>): T {
  const text = JSON.stringify(value).replace(/[0-9a-f]{32}/g, (id) => ids.get(id) ?? id);
  return JSON.parse(text) as T;
}

interface Compared {
  readonly exchange: string;
  readonly status: number;
  readonly body: JsonValue;
}

/**
 * A PATCH may return 200 or 204, an error may have another wording, and the configuration may have
 * other limits.
 */
function compared({ seq, method, path }: Exchange, status: number, body: JsonValue): Compared {
  const exchange = `${seq} ${method} ${path}`;
  if (method === 'PATCH' && status < 300) return { exchange, status: 204, body: null };
  const comparable = status < 300 && path !== '/ServiceProviderConfig';
  return { exchange, status, body: comparable ? essence(body) : null };
}

/**
 * Removes what only the server decides: times, versions, addresses, the types of members, and
 * orders without a meaning.
 */
function essence(body: JsonValue): JsonValue {
  if (!isJsonObject(body)) return body;
  // The recorded server computed no groups of users and omitted empty members (RFC 7643 §2.5).
  const { meta: _, groups: __, ...rest } = body;
  const isEmpty = (value: JsonValue | undefined) => Array.isArray(value) && value.length === 0;
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([key, value]) => key !== 'members' || !isEmpty(value))
      .map(([key, value]) => [key, essenceOf(key, value)]),
  );
}

function essenceOf(key: string, value: JsonValue): JsonValue {
  const elements = Array.isArray(value) ? value.filter(isJsonObject) : [];
  if (key === 'Resources') return sorted(elements.map(essence), 'id');
  if (key !== 'members') return value;
  return sorted(
    elements.map((member) => ({ value: member.value ?? null })),
    'value',
  );
}

function sorted(elements: readonly JsonValue[], key: string): JsonValue {
  const rank = (element: JsonValue) => String((element as JsonObject)[key]);
  return elements.toSorted((one, other) => rank(one).localeCompare(rank(other)));
}
