/**
 * Arbitrary requests in the terms of the protocol: the status is below 500, and nothing is in the
 * error log.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/logger.ts';
import {
  type ScimClient,
  type ScimServer,
  startScimServer,
} from '../support/scim-server/server.ts';

const lines: string[] = [];
let server: ScimServer;
let client: ScimClient;
let user: string;
let group: string;
beforeAll(async () => {
  server = await startScimServer({
    log: createLogger('error', { write: (line) => lines.push(line) }),
  });
  client = await server.addIntegration();
  user = (
    await client.send('POST', '/Users', {
      userName: 'alice',
      emails: [{ value: 'a@b.c', type: 'work' }],
    })
  ).id;
  group = (
    await client.send('POST', '/Groups', { displayName: 'crew', members: [{ value: user }] })
  ).id;
});
afterAll(() => server.close());

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const attribute = fc.constantFrom(
  ...[
    'userName',
    'displayName',
    'name',
    'name.givenName',
    'emails',
    'emails.value',
    'emails.primary',
    'active',
  ],
  ...[
    'members',
    'members.value',
    'members.type',
    'members.$ref',
    'groups',
    'groups.type',
    'groups.display',
    'id',
  ],
  ...[
    'externalId',
    'meta',
    'meta.created',
    'meta.version',
    'meta.location',
    'schemas',
    'password',
    'roles.primary',
  ],
  ...[
    'x509Certificates.value',
    'addresses.formatted',
    'photos',
    ENTERPRISE,
    `${ENTERPRISE}:manager`,
  ],
  ...[
    `${ENTERPRISE}:manager.value`,
    `${ENTERPRISE}:department`,
    '__proto__',
    'toString',
    'nothing',
  ],
);
const operator = fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le', 'EQ');
const literal = fc.oneof(
  fc.constantFrom(
    'true',
    'null',
    '1',
    '1.5e300',
    '"2026-01-01T00:00:00Z"',
    '"work"',
    '""',
    'bare',
    '"%"',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => JSON.stringify(text)),
);
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.tuple(attribute, operator, literal).map((parts) => parts.join(' ')),
    attribute.map((name) => `${name} pr`),
    fc
      .tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter'))
      .map((parts) => parts.join(' ')),
    tie('filter').map((inner) => `not (${inner})`),
    fc.tuple(attribute, tie('filter')).map(([name, inner]) => `${name}[${inner}]`),
    fc
      .tuple(
        fc.constantFrom('emails', 'members', 'groups', 'roles'),
        fc.constantFrom('value', 'type', 'primary', '$ref', 'display'),
        operator,
        literal,
      )
      .map(([name, sub, op, value]) => `${name}[${sub} ${op} ${value}]`),
  ),
}));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, 'False', 0, '', 'alice', '2026-01-01T00:00:00Z', [], {}),
    fc.string({ maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(attribute, fc.constantFrom('value', 'type', 'primary', '$ref', 'display')),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
}));
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'replace', 'remove', 'Add', 'move'),
    path: fc.oneof(
      attribute,
      filter,
      fc.tuple(attribute, filter).map(([name, inner]) => `${name}[${inner}].value`),
    ),
    value,
  },
  { requiredKeys: ['op'] },
);

async function expectAnswer(method: string, path: string, body?: unknown): Promise<void> {
  lines.splice(0);
  const answer = await client.send(method, path, body);
  expect(answer.status, answer.text).toBeLessThan(500);
  expect(lines).toEqual([]);
  if (answer.text !== '') expect(answer.body).toHaveProperty('schemas');
}

describe('any request gets a response below 500', () => {
  const settings = { numRuns: 150 };

  it('with any filter, sort and projection', async () => {
    const type = fc.constantFrom('/Users', '/Groups', '');
    const property = fc.asyncProperty(
      type,
      filter,
      attribute,
      attribute,
      async (path, text, sortBy, name) => {
        const search = { filter: text, sortBy, sortOrder: 'descending', attributes: [name] };
        await expectAnswer('POST', `${path}/.search`, search);
        await expectAnswer('POST', `${path}/.search`, { sortBy, excludedAttributes: [name] });
      },
    );
    await fc.assert(property, settings);
  });

  it('with any operations of a PATCH', async () => {
    const property = fc.asyncProperty(
      fc.array(operation, { maxLength: 3 }),
      fc.boolean(),
      async (Operations, onUser) => {
        await expectAnswer('PATCH', onUser ? `/Users/${user}` : `/Groups/${group}`, { Operations });
      },
    );
    await fc.assert(property, settings);
  });

  it('with any body of a PUT or POST', async () => {
    const property = fc.asyncProperty(
      fc.dictionary(attribute, value, { maxKeys: 6 }),
      fc.boolean(),
      async (body, onUser) => {
        await expectAnswer('PUT', onUser ? `/Users/${user}` : `/Groups/${group}`, {
          userName: 'alice',
          displayName: 'crew',
          ...body,
        });
        const names = { userName: 'fresh', displayName: 'fresh' };
        const created = await client.send('POST', onUser ? '/Users' : '/Groups', {
          ...body,
          ...names,
        });
        expect(created.status, created.text).toBeLessThan(500);
        const path = `${onUser ? '/Users' : '/Groups'}/${created.id}`;
        if (created.status === 201) expect((await client.send('DELETE', path)).status).toBe(204);
      },
    );
    await fc.assert(property, settings);
  });
});
