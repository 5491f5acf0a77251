import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { isConsolePath } from '../../src/console/app.tsx';
import { SCRIPT } from '../../src/console/assets/script.ts';
import { STYLE } from '../../src/console/assets/style.ts';
import type { SignInSession } from '../../src/sso/sessions.ts';
import { handMadeConsole, PUBLIC_URL } from '../support/console/hand-made.ts';
import { storeOf } from '../support/console/people.ts';

const SIGNED_OUT = { cookie: 'session=other' };

describe('the console for visitors who are not signed in', () => {
  it('sends every address below /console to the same page, whatever exists', async () => {
    const { get } = handMadeConsole();
    const paths = ['/console/me', '/console/acme', '/console/nobody', '/console/acme/users/1'];
    for (const path of paths) {
      const response = await get(path, SIGNED_OUT);
      expect(response.status).toBe(303);
      const to = encodeURIComponent(path);
      expect(response.headers.get('location')).toBe(`/console?to=${to}`);
      expect(await response.text()).toBe('');
    }
  });

  it('is where the public URL leads', async () => {
    const { get } = handMadeConsole();
    const response = await get('/', SIGNED_OUT);
    expect([response.status, response.headers.get('location')]).toEqual([302, '/console']);
  });

  it('shows a button per provider, and the way in with a Kubernetes token', async () => {
    const { get } = handMadeConsole();
    const page = await (await get('/console?to=/console/acme/users', SIGNED_OUT)).text();
    expect(page).toContain('href="/oauth/login/okta?to=%2Fconsole%2Facme%2Fusers"');
    expect(page).toContain('Sign in with Okta');
    expect(page).toContain('--audience scim-operator');
    expect(page).toContain('<input type="hidden" name="to" value="/console/acme/users"/>');
  });

  it.each([
    'https://evil.example/',
    '//evil.example/',
    '/console/../..//evil.example',
    '/\\evil.example',
    '/console\\@evil.example',
    '/consolevil',
    '/console/\r\nSet-Cookie: a=b',
    'javascript:alert(1)',
  ])('continues at /console instead of %j', async (to) => {
    const { get, post } = handMadeConsole();
    const query = new URLSearchParams({ to });
    const page = await (await get(`/console?${query}`, SIGNED_OUT)).text();
    const [, value = ''] = /name="to" value="([^"]*)"/.exec(page) ?? [];
    expect(new URL(value, PUBLIC_URL).origin).toBe(PUBLIC_URL);
    const { headers } = await post('/console/-/token', { token: 'good', to });
    const target = new URL(headers.get('location') ?? '', `${PUBLIC_URL}/console/-/token`);
    expect(target.origin).toBe(PUBLIC_URL);
    expect(target.pathname).toMatch(/^\/console(?:\/|$)/);
  });

  it('signs in with a Kubernetes token, and continues where the visitor wanted to go', async () => {
    const { post } = handMadeConsole();
    const accepted = await post('/console/-/token', { token: ' good ', to: '/console/acme' });
    expect(accepted.status).toBe(303);
    expect(accepted.headers.get('location')).toBe('/console/acme');
    expect(accepted.headers.get('set-cookie')).toBe('session=1');
    const refused = await post('/console/-/token', { token: 'bad-token' });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('set-cookie')).toBeNull();
    const page = await refused.text();
    expect(page).toContain('The token is not valid.');
    expect(page).not.toContain('bad-token');
  });
});

describe('the session of a visitor', () => {
  it.each(['/console', '/console/me', '/console/acme'])(
    'is read once for a request of %s',
    async (path) => {
      let reads = 0;
      const console = handMadeConsole({ context: storeOf() });
      const { sessionOf } = console.signIn;
      console.signIn.sessionOf = (headers) => {
        reads++;
        return sessionOf(headers);
      };
      expect((await console.get(path)).status).toBe(200);
      expect(reads).toBe(1);
      reads = 0;
      await console.get(path, SIGNED_OUT);
      expect(reads).toBe(1);
    },
  );

  it('takes the turns of its person, like every other session of the same', async () => {
    const callerOf = async (session: Partial<SignInSession>) => {
      const callers: unknown[] = [];
      await handMadeConsole({ session }).app.request(
        `${PUBLIC_URL}/console/me`,
        { headers: { cookie: 'session=1' } },
        { authenticated: (...noted: unknown[]) => callers.push(noted) },
      );
      expect(callers).toEqual([['session=1', expect.any(String)]]);
      return callers[0];
    };
    const ada = { accessId: 'ada', userName: 'ada', displayName: undefined };
    const [inAcme, inGlobex] = ['acme', 'globex'].map((tenant) => ({ tenant, person: ada }));
    const admin = { identity: { user: 'admin', groups: [] } };
    for (const visitor of [inAcme, admin])
      expect(await callerOf({ ...visitor, hash: '1' })).toEqual(
        await callerOf({ ...visitor, hash: '2' }),
      );
    const all = await Promise.all(
      [inAcme, inGlobex, admin, {}].map((each) => callerOf({ ...each })),
    );
    expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(4);
  });
});

describe('every response of the console', () => {
  it('has the headers that keep other sites and inline code out', async () => {
    const { get } = handMadeConsole();
    for (const path of ['/console', '/console/acme/nothing', '/oauth/nothing', '/setup/nothing']) {
      const { headers } = await get(path);
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('strict-origin');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('strict-transport-security')).toBe('max-age=15552000');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('is counted and logged under the pattern of its path, without personal data', async () => {
    const { get, lines, registry } = handMadeConsole();
    await get('/console/acme/users/ada@acme.example?text=ada');
    const { headers } = await get('/console?to=/console/ada', SIGNED_OUT);
    const metrics = await registry.metrics();
    expect(metrics).toContain(
      'scim_console_requests_total{page="/console",method="GET",code="200"} 1',
    );
    expect(JSON.stringify(lines) + metrics).not.toContain('ada');
    const requestId = headers.get('x-request-id');
    expect(lines).toContainEqual(
      expect.objectContaining({ msg: 'page served', page: '/console', status: 200, requestId }),
    );
  });

  it('is a page that says what to do if something failed, and shows the id of the request', async () => {
    const { get, lines } = handMadeConsole({
      may: () => {
        throw new Error('a defect with a secret');
      },
    });
    const response = await get('/console');
    expect(response.status).toBe(500);
    const page = await response.text();
    expect(page).toContain(response.headers.get('x-request-id'));
    expect(page).not.toContain('a secret');
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'a page failed' }));
  });
});

describe('the files of the console', () => {
  it('have a hash in their address, and are kept for ever', async () => {
    const { get } = handMadeConsole();
    const page = await (await get('/console', SIGNED_OUT)).text();
    const [, path = ''] = /rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
    expect(path).toMatch(/^\/console\/-\/console\.[\w-]{12}\.css$/);
    const { headers, status } = await get(path, SIGNED_OUT);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('are small, and the script is one that a browser can parse', async () => {
    expect(STYLE.length).toBeLessThan(15_000);
    expect(SCRIPT.length).toBeLessThan(5_000);
    expect(() => new Script(SCRIPT)).not.toThrow();
    // Otherwise, a page that is left open would keep its session alive.
    expect(SCRIPT).toContain("load(location.href, { 'x-live-refresh': '1' })");
  });
});

describe('a form', () => {
  const send = (headers: Record<string, string>, form: Record<string, string> = {}) =>
    handMadeConsole().post(
      '/console/acme/none',
      { csrf: 'proof-of-the-session', ...form },
      headers,
    );

  it('is accepted from a page of this server', async () => {
    // 404 is that of an address without a page, after the form was accepted.
    expect((await send({})).status).toBe(404);
  });

  it.each([
    ['another site', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['another site that hides where it is', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
    ['a frame that names our origin', { 'sec-fetch-site': 'cross-site' }],
    ['plain http', { origin: 'http://scim.example.com' }],
    ['a loopback origin that is not the host', { origin: 'http://localhost:3000' }],
  ])('is refused from %s', async (_, headers) => {
    const response = await send(headers);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('Nothing was changed.');
  });

  it('is accepted through a port-forward', async () => {
    const forwarded = { origin: 'http://localhost:8080', host: 'localhost:8080' };
    expect((await send(forwarded)).status).toBe(404);
  });

  it('is refused without the proof of the session', async () => {
    for (const csrf of ['', 'proof-of-another']) {
      const response = await send({}, { csrf });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('The form belongs to another session');
    }
  });

  it('is refused if it is larger than 64 KiB or not a form', async () => {
    expect((await send({}, { name: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await send({ 'content-type': 'application/json' })).status).toBe(415);
  });
});

describe('a signed-in visitor', () => {
  it('sees the tenants in which they have a permission', async () => {
    const tenants = [
      { name: 'acme', displayName: 'Acme <Corp>', namespaces: ['acme', 'acme-dev'] },
      { name: 'globex', namespaces: ['globex'] },
    ];
    const { get } = handMadeConsole({
      tenants,
      may: (_, { namespace, resource }) => namespace === 'acme-dev' && resource === 'users',
    });
    const page = await (await get('/console')).text();
    expect(page).toContain('Acme &lt;Corp&gt;');
    expect(page).not.toContain('globex');
  });

  it('can not tell a tenant without permissions from one that does not exist', async () => {
    const { get } = handMadeConsole({ may: () => false });
    const strip = (text: string) => text.replaceAll(/[0-9a-f-]{36}/g, '');
    const [exists, doesNot] = await Promise.all([
      get('/console/acme/users'),
      get('/console/no/users'),
    ]);
    expect([exists.status, doesNot.status]).toEqual([404, 404]);
    expect(strip(await exists.text())).toBe(strip(await doesNot.text()));
  });

  it('with the session of a tenant is asked about in the namespaces of this tenant alone', async () => {
    const tenants = [
      { name: 'acme', namespaces: ['acme', 'acme-dev'] },
      { name: 'globex', namespaces: ['globex'] },
    ];
    const { get, asked } = handMadeConsole({ tenants, session: { tenant: 'globex' } });
    expect((await get('/console/acme')).status).toBe(404);
    await get('/console');
    expect(new Set(asked.map(({ namespace }) => namespace))).toEqual(new Set(['globex']));
  });
});

describe('the paths of the console', () => {
  it('are those of pages and of sign-in, and no path of SCIM', () => {
    const paths = ['/console', '/console/x', '/oauth/login/okta', '/logout', '/setup/x'];
    expect(paths.filter((path) => !isConsolePath(path))).toEqual([]);
    const others = ['/', '/api/v1/console/x', '/consoles', '/logout2', '//console'];
    expect(others.filter(isConsolePath)).toEqual([]);
  });
});
