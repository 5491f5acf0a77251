import { describe, expect, it } from 'vitest';
import type { ConsoleContext } from '../../../src/console/context.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';

const MANY = Array.from({ length: 1_000 }, (_, n) => {
  const name = `team-${String(n).padStart(4, '0')}`;
  return { name, displayName: `Team ${n}`, namespaces: [name] };
});
const LAST = 'team-0999';

/** A cluster without integrations. */
const CONTEXT = {
  client: { list: async () => ({ metadata: {}, items: [] }) },
} as unknown as Partial<ConsoleContext>;

const consoleFor = (given: Parameters<typeof handMadeConsole>[0]) =>
  handMadeConsole({ tenants: MANY, context: CONTEXT, ...given });

const textOf = async (response: Response | Promise<Response>) => (await response).text();
const nextIn = (html: string) =>
  /rel="next" href="([^"]+)"/.exec(html)?.[1]?.replaceAll('&amp;', '&');

describe('the page of tenants', () => {
  it('asks a bounded number of questions for a visitor without permissions', async () => {
    const { get, asked } = consoleFor({ may: () => false });
    const html = await textOf(get('/console'));
    expect(asked.length).toBeLessThan(600);
    expect(html).toContain('You have no permission in those that were looked at');
    expect(html).not.toContain('team-0');
    asked.length = 0;
    await get(nextIn(html) ?? '');
    expect(asked.length).toBeLessThan(600);
    expect(asked.map(({ namespace }) => namespace)).not.toContain('team-0000');
  });

  it('leads page by page to each tenant that the visitor may see', async () => {
    const { get } = consoleFor({
      may: (_, { namespace }) => namespace === LAST,
    });
    let path: string | undefined = '/console';
    let html = '';
    for (let page = 0; page < 20 && path !== undefined; page++) {
      html = await textOf(get(path));
      path = nextIn(html);
    }
    expect(html).toContain(`href="/console/${LAST}"`);
  });

  it('finds a tenant by a part of its name or title', async () => {
    const { get, asked } = consoleFor({
      may: (_, { namespace }) => namespace === LAST,
    });
    for (const text of ['0999', 'TEAM 999']) {
      const html = await textOf(get(`/console?${new URLSearchParams({ q: text })}`));
      expect(html).toContain(`href="/console/${LAST}"`);
    }
    expect(asked.length).toBeLessThan(20);
    expect(await textOf(get('/console?q=nowhere'))).toContain('No further tenant');
  });

  it('asks once about all namespaces if the visitor may see them', async () => {
    const { get, asked } = consoleFor({});
    const html = await textOf(get('/console'));
    expect(html).toContain('50 tenants on this page');
    expect(new Set(asked.map(({ namespace }) => namespace))).toEqual(new Set(['']));
  });

  it('shows the namespaces without an integration in parts as well', async () => {
    const tenants = MANY.map((each) => ({ ...each, isUsed: false }));
    const { get, asked } = consoleFor({
      tenants,
      may: (_, { namespace, verb }) => namespace >= 'team-0900' && verb === 'create',
    });
    const first = await textOf(get('/console'));
    expect(asked.length).toBeLessThan(600);
    const html = await textOf(get(nextIn(first) ?? ''));
    expect(html).toContain('/console/team-0900/provisioning/new');
    expect(html).toContain('50 namespaces on this page');
  });

  it('is loaded once at a time by a person in all sessions, and refused if more wait', async () => {
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const mayEach = async (_: unknown, questions: readonly unknown[]) => {
      await isReleased;
      return questions.map(() => false);
    };
    const { get, signIn } = consoleFor({ access: { mayEach } });
    const { sessionOf } = signIn;
    let sessions = 0;
    signIn.sessionOf = async (headers) => {
      const session = await sessionOf(headers);
      return session && { ...session, hash: String(sessions++) };
    };
    const loads = Array.from({ length: 4 }, () => get('/console'));
    const refused = await loads[3];
    expect(refused?.status).toBe(503);
    expect(refused?.headers.get('retry-after')).toBe('5');
    release();
    const statuses = (await Promise.all(loads.slice(0, 3))).map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200]);
  });
});
