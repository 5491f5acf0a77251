/** A thousand failed sign-ins a second, while others work. */
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusyError, ConcurrencyLimit } from '../../src/access/concurrency-limit.ts';
import type { Client } from '../../src/kube/client.ts';
import { Journal } from '../../src/sso/journal.ts';
import { MinuteBudget } from '../../src/sso/minute-budget.ts';
import { refusalOf } from '../../src/sso/refusal.ts';
import { captureLog } from '../support/captured-log.ts';
import { provision, type SignInServer, startSignInServer } from '../support/sso/sign-in-server.ts';

const MANY = 1_000;
/** Of three minutes, in case that the machine is slow. */
const MOST_LINES = 180;

let server: SignInServer;
let reviews = 0;
let atOnce = 0;
let mostAtOnce = 0;
beforeAll(async () => {
  const review: Client['review'] = async <T>() => {
    reviews++;
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atOnce--;
    return { status: { authenticated: false } } as T;
  };
  server = await startSignInServer({
    client: { review },
    accounts: ['ada', 'mallory'].map((login) => ({
      login,
      claims: { sub: `sub-${login}`, preferred_username: login },
    })),
  });
  await provision(await server.scim(), 'ada');
});
afterAll(() => server.close());

const refusalLines = () => server.lines.filter(({ msg }) => msg === 'sign-in was refused').length;

async function countOf(result: string): Promise<number> {
  const text = await server.registry.getSingleMetricAsString('scim_operator_sign_ins_total');
  return Number(new RegExp(`result="${result}"} (\\d+)`).exec(text)?.[1] ?? 0);
}

describe('a thousand failed sign-ins', () => {
  it('with a made-up state cost nothing, and do not fill the log', async () => {
    const app = (path: string) => server.signIn.app.request(`${server.publicUrl}${path}`);
    const started = performance.now();
    const flood = Array.from({ length: MANY }, (_, each) =>
      app(`/oauth/callback/keycloak?code=c&state=forged-${each}`),
    );
    const honest = server.signInAs('ada', { tenant: 'acme' });
    const statuses = await Promise.all(flood.map(async (each) => (await each).status));
    expect(new Set(statuses)).toEqual(new Set([400]));
    expect((await honest).status).toBe(303);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(refusalLines()).toBeLessThanOrEqual(MOST_LINES);
    expect(await countOf('attempt')).toBe(MANY);
    const entries = await server.activity();
    expect(entries.map(({ operation }) => operation)).toEqual(['signIn']);
  });

  it('with forged codes leave room for others', async () => {
    const browser = server.browser();
    const forged = async () => {
      const attacker = server.browser();
      const { location } = await attacker.get('/oauth/login/keycloak');
      const state = new URL(location).searchParams.get('state') ?? '';
      const iss = encodeURIComponent(server.provider('keycloak').issuer);
      return attacker.get(`/oauth/callback/keycloak?code=forged&state=${state}&iss=${iss}`);
    };
    const flood = Array.from({ length: 150 }, forged);
    expect((await server.signInAs('ada', { browser, tenant: 'acme' })).status).toBe(303);
    const reasons = (await Promise.all(flood)).map(({ page }) => page.reason);
    expect(new Set(reasons)).toEqual(new Set(['invalid']));
    expect(refusalLines()).toBeLessThanOrEqual(MOST_LINES);
  });

  it('with tokens ask the API server for a few reviews at once, and not for more than wait', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: MANY }, (_, each) =>
        server.signIn.signInWithToken(`opaque-${each}`, new Headers()),
      ),
    );
    const statuses = outcomes.map((each) => ('refused' in each ? each.status : 0));
    expect(new Set(statuses)).toEqual(new Set([403, 429]));
    expect(reviews).toBeLessThanOrEqual(72);
    expect(mostAtOnce).toBeLessThanOrEqual(8);
    expect((await server.signIn.signInWithToken('later', new Headers())) as object).toMatchObject({
      status: 403,
    });
  });

  it('of an account that is not provisioned are a few entries of the tenant', async () => {
    for (let tries = 0; tries < 20; tries++) await server.signInAs('mallory', { tenant: 'acme' });
    const entries = (await server.activity()).filter(({ resource }) => resource.name === 'mallory');
    expect(entries.length).toBeLessThanOrEqual(4);
    expect(entries.length).toBeGreaterThan(0);
    expect(await countOf('notProvisioned')).toBe(20);
  });
});

describe('a budget', () => {
  it('is for each key, and starts again with each minute', () => {
    let clock = 0;
    const budget = new MinuteBudget(2, () => clock);
    expect([budget.spend(), budget.spend(), budget.spend(), budget.spend('other')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
    clock = 60_000;
    expect(budget.spend()).toBe(true);
  });
});

describe('the log of refusals', () => {
  it('says how many had no line', async () => {
    let clock = 0;
    const { log, lines } = captureLog();
    const journal = new Journal({
      activity: { append: async () => {} },
      log,
      registry: new Registry(),
      now: () => 0,
      clock: () => clock,
    });
    for (let each = 0; each < 100; each++) await journal.refused(refusalOf('attempt'), 'okta');
    clock = 60_000;
    await journal.refused(refusalOf('attempt'), 'okta');
    expect(lines).toHaveLength(62);
    expect(lines.at(-2)).toMatchObject({ refusals: 40 });
  });
});

describe('a concurrency limit', () => {
  it('runs some calls at once, lets some wait in order, and refuses the rest', async () => {
    const limit = new ConcurrencyLimit({ what: 'sign-ins', atOnce: 2, waiting: 2 });
    const ends: (() => void)[] = [];
    const begun: number[] = [];
    const enter = (id: number) =>
      limit.run(async () => {
        begun.push(id);
        await new Promise<void>((resolve) => ends.push(resolve));
        return id;
      });
    const calls = [enter(1), enter(2), enter(3), enter(4)];
    await expect(enter(5)).rejects.toThrow(BusyError);
    expect(begun).toEqual([1, 2]);
    ends.shift()?.();
    await expect.poll(() => begun).toEqual([1, 2, 3]);
    while (ends.length > 0) {
      ends.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await Promise.all(calls)).toEqual([1, 2, 3, 4]);
    const failing = limit.run(() => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    const last = enter(6);
    await expect.poll(() => begun).toContain(6);
    ends.shift()?.();
    expect(await last).toBe(6);
  });
});
