import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSsoConfig, withPeople } from '../../src/commands/people.ts';
import { ConfigError } from '../../src/config/resolve.ts';
import type { Application } from '../../src/http/application.ts';

const named = (name: string): Application => ({ fetch: () => new Response(name) });

describe('the port of a process with a console', () => {
  const app = withPeople(named('people'), named('scim'));
  const respondentTo = async (url: string) =>
    (await app.fetch(new Request(`https://scim.example.com${url}`), {})).text();

  it.each([
    '/console',
    '/console?to=/x',
    '/console/acme/users?q=a/b',
    '/oauth/callback/okta?code=1&state=2',
    '/logout',
    '/setup/secret',
  ])('passes %s to the console', async (url) => {
    expect(await respondentTo(url)).toBe('people');
  });

  it.each([
    '/',
    '/api/v1/acme/integrations/x/scim/v2/Users?filter=a eq "/console"',
    '/api/v1/console/integrations/x/scim/v2/Users',
    '/consoles',
    '/%63onsole',
    '/?/console',
  ])('passes %s to SCIM', async (url) => {
    expect(await respondentTo(url)).toBe('scim');
  });

  it('passes a browser that opens the public URL to the console', async () => {
    const headers = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
    const respondent = async (init: RequestInit) =>
      (await app.fetch(new Request('https://scim.example.com/', init), {})).text();
    expect(await respondent({ headers })).toBe('people');
    expect(await respondent({ method: 'POST', headers })).toBe('scim');
    expect(await respondent({ headers: { accept: '*/*' } })).toBe('scim');
  });

  it('costs a SCIM request less than ten microseconds', async () => {
    const url = 'https://scim.example.com/api/v1/acme/integrations/x/scim/v2/Users?count=100';
    const request = new Request(url);
    const quick = withPeople(named('people'), { fetch: () => RESPONSE });
    const rounds = 100_000;
    const [alone, wrapped] = [{ fetch: () => RESPONSE } as Application, quick].map((each) => {
      const start = performance.now();
      for (let round = 0; round < rounds; round++) void each.fetch(request, {});
      return (performance.now() - start) / rounds;
    });
    expect((wrapped ?? 0) - (alone ?? 0)).toBeLessThan(0.01);
  });
});

const RESPONSE = new Response('scim');

describe('the configuration of sign-in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sso-config-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is an invalid option if it is wrong, in a line with the option and its path', async () => {
    const ssoConfig = join(folder, 'sso.yaml');
    writeFileSync(ssoConfig, 'providers: 3\n');
    const loaded = loadSsoConfig({ ssoConfig });
    await expect(loaded).rejects.toThrow(ConfigError);
    await expect(loaded).rejects.toThrow(
      /^--sso-config \(SCIM_OPERATOR_SSO_CONFIG\): .*sso\.yaml: providers.*$/,
    );
  });

  it('is optional', async () => {
    expect(await loadSsoConfig({ ssoConfig: undefined })).toBeUndefined();
  });
});
