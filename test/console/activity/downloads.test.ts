/** Exports over HTTP, while browsers come and go. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ActivityQuery } from '../../../src/directory/store/activity.ts';
import { HttpServer } from '../../../src/http/server.ts';
import { createLogger } from '../../../src/logger.ts';
import { LIVE_REFRESH } from '../../../src/sso/sessions.ts';
import { handMadeConsole } from '../../support/console/hand-made.ts';
import { storeOf } from '../../support/console/people.ts';
import { eventually } from '../../support/eventually.ts';

/** Pages of the log that were asked for, by the filter `who`. Each has no entry, and is not the last. */
let asked: { readonly who: string | undefined; readonly respond: () => void }[];
let app: ReturnType<typeof handMadeConsole>['app'];
let signIn: ReturnType<typeof handMadeConsole>['signIn'];
let mayList: boolean;
let server: HttpServer;
let address: string;

beforeEach(async () => {
  asked = [];
  const context = storeOf();
  const list = ({ actor }: ActivityQuery) =>
    new Promise((resolve) => {
      const respond = () => resolve({ entries: [], next: 'an older entry' });
      asked.push({ who: actor, respond });
    });
  const store = { ...context.store, activity: { list } } as unknown as typeof context.store;
  mayList = true;
  ({ app, signIn } = handMadeConsole({ context: { ...context, store }, may: () => mayList }));
  server = new HttpServer(app, createLogger('silent'));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 });
  address = `http://127.0.0.1:${port}/console/acme/activity`;
});
afterEach(() => server.close(0));

function begin(who: string, method = 'GET') {
  const browser = new AbortController();
  const { signal } = browser;
  const headers = { cookie: 'session=1' };
  const response = fetch(`${address}/export.csv?who=${who}`, { method, headers, signal });
  return { response, leave: () => browser.abort() };
}

const pagesOf = (who: string) => asked.filter((each) => each.who === who);

describe('an export', () => {
  it('reads no further after the browser has gone, and makes room for another one', async () => {
    const [ada, bob] = [begin('ada'), begin('bob')];
    for (const { response } of [ada, bob]) expect((await response).status).toBe(200);
    await eventually(() => expect(pagesOf('ada')).toHaveLength(1));
    ada.leave();
    const other = await eventually(async () => {
      for (const { respond } of pagesOf('ada')) respond();
      const { response } = begin('cid');
      expect((await response).status).toBe(200);
      return response;
    });
    expect(pagesOf('ada').length).toBeLessThan(20);
    expect(other.ok).toBe(true);
  });

  it('makes room for another one if the browser has gone before it begins', async () => {
    const headers = { cookie: 'session=1' };
    for (const who of ['ada', 'bob']) {
      const gone = { headers, signal: AbortSignal.abort() };
      const response = await app.request(`${address}/export.csv?who=${who}`, gone);
      // As the server does with a body that nobody reads.
      await response.body?.cancel();
    }
    expect((await begin('cid').response).status).toBe(200);
  });

  const endOf = {
    session: () => {
      signIn.sessionOf = async () => undefined;
    },
    permission: () => {
      mayList = false;
    },
  };
  it.each(['session', 'permission'] as const)(
    'ends as incomplete with the %s, and reads no further page',
    async (what) => {
      const { response } = begin('ada');
      const body = (await response).text();
      for (const pages of [1, 2]) {
        await eventually(() => expect(pagesOf('ada')).toHaveLength(pages));
        if (pages === 2) endOf[what]();
        pagesOf('ada')[pages - 1]?.respond();
      }
      await expect(body).rejects.toThrow();
      expect(pagesOf('ada')).toHaveLength(2);
    },
  );

  it('is no use of its session', async () => {
    const sessionOf = vi.spyOn(signIn, 'sessionOf');
    begin('ada');
    await eventually(() => expect(pagesOf('ada')).toHaveLength(1));
    pagesOf('ada')[0]?.respond();
    await eventually(() => expect(pagesOf('ada')).toHaveLength(2));
    const isRefresh = sessionOf.mock.calls.map(([headers]) => headers.has(LIVE_REFRESH));
    expect(isRefresh).toEqual([false, true]);
  });

  it('is refused while the person has two already, whatever they export and in which session', async () => {
    const { sessionOf } = signIn;
    let sessions = 0;
    signIn.sessionOf = async (headers) => {
      const session = await sessionOf(headers);
      return session && { ...session, hash: String(sessions++) };
    };
    const running = [begin('ada'), begin('bob')];
    for (const { response } of running) await response;
    const refused = await begin('cid').response;
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(await refused.text()).toContain('of your exports');
    expect(pagesOf('cid')).toEqual([]);
  });

  it('takes no room if only its head is asked for', async () => {
    for (const who of ['ada', 'bob', 'cid']) {
      const response = await begin(who, 'HEAD').response;
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain('text/csv');
    }
    expect(asked).toEqual([]);
  });
});
