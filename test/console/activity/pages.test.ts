import { describe, expect, it } from 'vitest';
import { MOST_EXPORTED } from '../../../src/console/activity/export.ts';
import { handMadeConsole, NOW } from '../../support/console/hand-made.ts';
import { expectHarmless } from '../../support/console/harmless.ts';
import { HOSTILE } from '../../support/console/hostile.ts';
import { ADA, ENTRY, INTEGRATION, storeOf } from '../../support/console/people.ts';

const LOG = '/console/acme/activity';
const many = (count: number) => Array.from({ length: count }, () => ENTRY);
const notActivity = {
  may: (_: unknown, { resource }: { resource: string }) => resource !== 'activity',
};

describe('the log of activity', () => {
  it('says who did what, when, and what changed', async () => {
    const context = storeOf({ entries: [ENTRY], objects: [INTEGRATION] });
    const html = await (await handMadeConsole({ context }).get(LOG)).text();
    expect(html).toMatch(/12 s ago.*Company IdP.*changed.*ada@acme\.example.*Ada<.*Ada Lovelace/s);
    expect(html).toContain(`<a href="/console/acme/users/${ADA.id}">`);
  });

  it('asks for exactly what the address asks for, whole days included', async () => {
    const context = storeOf();
    const filters = 'operation=attach&type=ScimGroupBinding&by=i1&who=scim:ada&resource=x';
    await handMadeConsole({ context }).get(`${LOG}?${filters}&since=2026-11-01&until=2026-11-02`);
    expect(context.calls).toEqual([
      [
        'activity',
        {
          tenant: 'acme',
          operation: 'attach',
          resourceType: 'ScimGroupBinding',
          integrationId: 'i1',
          actor: 'scim:ada',
          resourceId: 'x',
          since: Date.UTC(2026, 10, 1),
          until: Date.UTC(2026, 10, 3),
        },
      ],
    ]);
  });

  it.each(['operation=constructor', 'type=__proto__', 'since=2026-13-45', 'until=x', 'by=%00'])(
    'ignores %s',
    async (query) => {
      const context = storeOf();
      expect((await handMadeConsole({ context }).get(`${LOG}?${query}`)).status).toBe(200);
      expect(context.calls).toEqual([['activity', { tenant: 'acme' }]]);
    },
  );

  it('keeps the filters on the next page and in the exports', async () => {
    const context = storeOf({ entries: many(60) });
    const html = await (await handMadeConsole({ context }).get(`${LOG}?operation=update`)).text();
    expect(html).toContain(`href="${LOG}?operation=update&amp;after=50"`);
    expect(html).toContain(`href="${LOG}/export.csv?operation=update"`);
    expect(html).toContain(`href="${LOG}/export.jsonl?operation=update"`);
  });

  it.each(HOSTILE)('shows %j as text wherever it stands', async (text) => {
    const entry = {
      ...ENTRY,
      actor: { kind: 'person' as const, name: text },
      resource: { ...ENTRY.resource, name: text },
      requestId: text,
      change: { [text]: { before: text, after: { [text]: [text] } }, members: { added: [text] } },
    };
    const context = storeOf({ entries: Array.from({ length: 50 }, () => entry) });
    const html = await (await handMadeConsole({ context }).get(LOG)).text();
    expectHarmless(html);
    expect(html.length).toBeLessThan(400_000);
  });

  it.each(['', '/export.csv', '/export.jsonl', '/requests', '/requests.csv', '/requests.jsonl'])(
    'does not exist at %j for a visitor without the permission',
    async (path) => {
      const context = storeOf({ entries: [ENTRY], objects: [INTEGRATION] });
      const console = handMadeConsole({ context, ...notActivity });
      expect((await console.get(`${LOG}${path}`)).status).toBe(404);
      expect(context.calls).toEqual([]);
    },
  );
});

describe('an export', () => {
  it('is a CSV file that no spreadsheet runs', async () => {
    const resource = { ...ENTRY.resource, name: '=HYPERLINK("https://evil.example")\r\nX: y' };
    const context = storeOf({ entries: [{ ...ENTRY, resource }] });
    const response = await handMadeConsole({ context }).get(`${LOG}/export.csv`);
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="activity-acme-2026-11-29.csv"',
    );
    const text = await response.text();
    expect(text).toMatch(/^time,tenant,actor_kind/);
    expect(text).toContain(`"'=HYPERLINK(""https://evil.example"")`);
  });

  it('has an entry a line as JSON', async () => {
    const context = storeOf({ entries: many(3) });
    const text = await (await handMadeConsole({ context }).get(`${LOG}/export.jsonl`)).text();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      time: new Date(NOW - 12_000).toISOString(),
      operation: 'update',
      change: ENTRY.change,
    });
  });

  it('is read page by page with the same filters, up to a bound', async () => {
    const { entries } = MOST_EXPORTED;
    const context = storeOf({ entries: many(entries + 1_000) });
    const console = handMadeConsole({ context });
    const text = await (await console.get(`${LOG}/export.jsonl?operation=update`)).text();
    const lines = text.trimEnd().split('\n');
    expect(lines).toHaveLength(entries + 1);
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      incomplete: expect.stringMatching(/^This export is incomplete/),
      next: String(entries),
    });
    expect(context.calls).toHaveLength(entries / 500);
    expect(context.calls.at(-1)).toEqual(['activity', { tenant: 'acme', operation: 'update' }]);
  });

  it('ends with the last entry if there are no more', async () => {
    const context = storeOf({ entries: many(MOST_EXPORTED.entries) });
    const text = await (await handMadeConsole({ context }).get(`${LOG}/export.csv`)).text();
    expect(text.trimEnd().split('\n')).toHaveLength(MOST_EXPORTED.entries + 1);
    expect(text).not.toContain('incomplete');
  });

  it('reads a bounded part of the log for filters that no entry fulfils', async () => {
    const context = storeOf();
    let reads = 0;
    const list = async () => {
      reads++;
      return { entries: [], next: 'an older entry' };
    };
    const store = { ...context.store, activity: { list } } as unknown as typeof context.store;
    const console = handMadeConsole({ context: { ...context, store } });
    const text = await (await console.get(`${LOG}/export.csv?who=nobody`)).text();
    expect(reads).toBe(MOST_EXPORTED.pages);
    expect(text.trimEnd().split('\r\n').at(-1)).toMatch(/^"?This export is incomplete/);
  });

  it('reads nothing more after the browser has gone', async () => {
    const context = storeOf({ entries: many(50_000) });
    const response = await handMadeConsole({ context }).get(`${LOG}/export.jsonl`);
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const { length } = context.calls;
    await new Promise((resolve) => setImmediate(resolve));
    expect(context.calls).toHaveLength(length);
    expect(length).toBeLessThan(5);
  });
});

describe('the last requests', () => {
  const requests = [
    { at: NOW, requestId: 'r1', method: 'POST', path: '/Users', status: 201, ms: 4, keyId: 'k' },
    {
      at: NOW - 1_000,
      requestId: 'r2',
      method: 'PATCH',
      path: '/Users/<script>',
      status: 400,
      ms: 1,
      keyId: 'k',
      body: '{"x":"<script>alert(1)</script>"}',
      detail: 'department: not an attribute of this schema',
    },
  ];

  it('are those of an integration that the visitor may see', async () => {
    const context = storeOf({ requests, objects: [INTEGRATION] });
    const html = await (await handMadeConsole({ context }).get(`${LOG}/requests`)).text();
    expectHarmless(html);
    expect(html).toContain('POST /Users');
    expect(html).toContain('not an attribute of this schema');
    const hidden = handMadeConsole({
      context: storeOf({ requests, objects: [INTEGRATION] }),
      may: (_, { resource }) => resource !== 'scimintegrations',
    });
    expect(await (await hidden.get(`${LOG}/requests`)).text()).toContain('No integration to show');
    expect((await hidden.get(`${LOG}/requests?of=acme/company-idp`)).status).toBe(404);
    expect((await hidden.get(`${LOG}/requests.csv?of=acme/company-idp`)).status).toBe(404);
  });

  it('are not those of an id that only the status claims', async () => {
    const claimed = {
      ...INTEGRATION,
      metadata: { ...INTEGRATION.metadata, name: 'impostor', uid: 'uid-other' },
    };
    const context = storeOf({ requests, objects: [claimed] });
    const html = await (await handMadeConsole({ context }).get(`${LOG}/requests`)).text();
    expect(html).not.toContain('POST /Users');
  });

  it('can be limited to refused ones, and exported', async () => {
    const context = storeOf({ requests, objects: [INTEGRATION] });
    const { get } = handMadeConsole({ context });
    const query = '?of=acme/company-idp&only=refused';
    expect(await (await get(`${LOG}/requests${query}`)).text()).not.toContain('POST /Users');
    const csv = await get(`${LOG}/requests.csv${query}`);
    expect(csv.headers.get('content-disposition')).toBe(
      'attachment; filename="requests-company-idp-acme-2026-11-29.csv"',
    );
    expect((await csv.text()).trimEnd().split('\r\n')).toHaveLength(2);
    const lines = await (await get(`${LOG}/requests.jsonl`)).text();
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).requestId),
    ).toEqual(['r1', 'r2']);
  });
});
