import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readInvocation } from '../../src/config/invocation.ts';
import type { Config } from '../../src/config/options.ts';
import { ConfigError } from '../../src/config/resolve.ts';

const PUBLIC_URL = ['--public-url', 'https://scim.example.com'];

function configOf(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Config {
  const invocation = readInvocation([...PUBLIC_URL, ...args], environment);
  if (invocation.kind !== 'command') throw new Error('help was given');
  return invocation.config;
}

function refusal(args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  try {
    readInvocation(args, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  throw new Error('nothing was refused');
}

describe('an option', () => {
  it('has a default', () => {
    expect(configOf([])).toEqual({
      publicUrl: 'https://scim.example.com',
      databaseUrl: 'file:scim-operator.db',
      databaseConnections: 10,
      databaseUrlFile: undefined,
      host: '::',
      port: 8080,
      opsPort: 9090,
      rateLimit: 1000,
      maxUnauthenticatedConnections: 1000,
      deprovisionDelayMs: 600_000,
      watchNamespaces: undefined,
      groupBindings: false,
      usernamePrefix: 'scim:',
      leaderElection: true,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      leaderElectionNamespace: undefined,
      leaderElectionIdentity: undefined,
      kubeconfig: undefined,
      environment: {},
      logLevel: 'info',
    });
  });

  it('is read from the environment, and the flag wins', () => {
    const environment = { SCIM_OPERATOR_PORT: '81', SCIM_OPERATOR_OPS_PORT: '91' };
    expect(configOf(['--port', '82'], environment)).toMatchObject({ port: 82, opsPort: 91 });
  });

  it('may be written with an equals sign', () => {
    expect(configOf(['--log-level=debug'])).toMatchObject({ logLevel: 'debug' });
  });

  it('counts as unset when its variable is empty', () => {
    expect(configOf([], { SCIM_OPERATOR_PORT: '' }).port).toBe(8080);
  });

  it('is not what Kubernetes puts into pods beside a Service named scim-operator', () => {
    expect(configOf([], { SCIM_OPERATOR_PORT: 'tcp://10.0.0.7:8080' }).port).toBe(8080);
  });

  it('public-url loses its trailing slash', () => {
    expect(configOf(['--public-url=https://scim.example.com/base/']).publicUrl).toBe(
      'https://scim.example.com/base',
    );
  });

  it('leader-election is switched off by a value, on by the flag alone', () => {
    expect(configOf(['--leader-election=false']).leaderElection).toBe(false);
    const off = { SCIM_OPERATOR_LEADER_ELECTION: 'false' };
    expect(configOf([], off).leaderElection).toBe(false);
    expect(configOf(['--leader-election'], off).leaderElection).toBe(true);
  });

  it('watch-namespaces is a list, each name once; empty it is as good as not there', () => {
    const watched = (text: string) => configOf(['--watch-namespaces', text]).watchNamespaces;
    expect(watched('acme, globex,acme')).toEqual(['acme', 'globex']);
    expect(watched('')).toBeUndefined();
    const environment = { SCIM_OPERATOR_WATCH_NAMESPACES: 'initech' };
    expect(configOf([], environment).watchNamespaces).toEqual(['initech']);
  });

  it('username-prefix is as the API server takes it: - is none', () => {
    expect(configOf(['--username-prefix=oidc:']).usernamePrefix).toBe('oidc:');
    expect(configOf(['--username-prefix=-']).usernamePrefix).toBe('');
    for (const wrong of ['', 'system:', 'System:x:'])
      expect(refusal([...PUBLIC_URL, `--username-prefix=${wrong}`])).toMatch(/begin with system:/);
  });
});

describe('a wrong option is refused with its name, its value and what is allowed', () => {
  it.each([
    ['--port', 'http', 'a whole number from 0 to 65535'],
    ['--port', '65536', 'a whole number from 0 to 65535'],
    ['--port', '-1', 'a whole number from 0 to 65535'],
    ['--ops-port', '1e3', 'a whole number from 0 to 65535'],
    ['--rate-limit', '10.5', 'a whole number from 0 to 1000000'],
    ['--log-level', 'verbose', 'one of debug, info, warn, error, silent'],
    ['--deprovision-delay', '10 minutes', 'a duration such as 90s, 10m or 24h'],
    ['--public-url', 'scim.example.com', 'an http or https URL without query and fragment'],
    ['--public-url', 'ftp://scim.example.com', 'an http or https URL without query and fragment'],
    [
      '--database-url',
      'mysql://localhost/scim',
      'file: and the path of a SQLite file, or postgres:',
    ],
    ['--database-url', 'postgres://localhost', 'file: and the path of a SQLite file, or postgres:'],
    ['--database-url', 'scim.db', 'file: and the path of a SQLite file'],
    ['--watch-namespaces', 'acme,', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--watch-namespaces', 'Acme', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--watch-namespaces', '*', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--host', '', 'a text that is not empty'],
  ])('%s %s', (flag, value, allowed) => {
    const message = refusal([flag, value]);
    expect(message).toContain(`${flag}: "${value}" is not allowed; it must be ${allowed}`);
    expect(message).not.toContain('\n');
  });

  it.each([
    '--database-url=postgres://scim:s3cr@t@db',
    '--database-url=host=db user=scim password=s3cr@t',
    '--database-url=host=db\nuser=scim\npassword=s3cr@t',
    '--database-url=postgres:scim:s3cr@t@db/scim',
    '--database-url=postgres:scim:s3cr@t/scim',
    '--database-url=postgresql://db?password=s3cr@t',
    '--database-url=mysql://scim:s3cr@t@db/scim',
    '--database-url=file:scim.db?key=s3cr@t',
    '--public-url=https://scim.example.com/?token=s3cr@t',
    '--public-url=https:admin:s3cr@t@scim.example.com',
    '--log-level=postgres://scim:s3cr@t@db/scim',
    '--port=scim_0123456789_s3cr@t',
    '--postgres://scim:s3cr@t@db/scim',
    'postgres://scim:s3cr@t@db/scim',
  ])('but never a value that may hold a secret: %s', (argument) => {
    const given = [argument, argument.replaceAll('@t', '%40t'), argument.replaceAll('@t', 'et')];
    for (const one of given) {
      for (const args of [[one], ['server', one], ['migrate', one]]) {
        const message = refusal([...PUBLIC_URL, ...args]);
        expect(message).not.toMatch(/s3cr/);
        expect(message).toMatch(/is not allowed|is not an option|is not a command|too many/);
      }
    }
  });

  it('what it can not do with a database, without the URL', () => {
    const url = 'postgres://scim:s3cret@db/scim';
    expect(refusal([...PUBLIC_URL, `--database-url=${url}?sslmode=foo`])).toBe(
      '--database-url: sslmode=foo is not allowed; it must be one of disable, allow, prefer, require, verify-ca, verify-full',
    );
    expect(refusal(PUBLIC_URL, { SCIM_OPERATOR_DATABASE_URL: `${url}?s3cret` })).toBe(
      'SCIM_OPERATOR_DATABASE_URL: its query has a parameter without a value',
    );
  });

  it.each([
    [
      'postgres://scim:s3cret@db',
      /: in .*url there must be file: and the path of a SQLite file, or/,
    ],
    [
      'postgres://scim:s3cret@db/scim?sslmode=foo',
      /: in .*url sslmode=foo is not allowed; it must/,
    ],
  ])('a file with the URL of no database: %s', (content, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'scim-operator-config-'));
    const path = join(folder, 'url');
    writeFileSync(path, content);
    const message = refusal([...PUBLIC_URL, `--database-url-file=${path}`]);
    expect(message).toMatch(reason);
    expect(message).not.toContain('s3cret');
    rmSync(folder, { recursive: true });
  });

  it('a file with the URL that is not there, or beside a URL', () => {
    const file = '--database-url-file=/does/not/exist';
    expect(refusal([...PUBLIC_URL, file])).toMatch(
      /^--database-url-file \(SCIM_OPERATOR_DATABASE_URL_FILE\): ENOENT: no such file/,
    );
    expect(refusal([...PUBLIC_URL, file], { SCIM_OPERATOR_DATABASE_URL: 'file:a' })).toMatch(
      /and --database-url \(SCIM_OPERATOR_DATABASE_URL\) exclude each other/,
    );
  });

  it.each(['operator', 'server'])('%s on a file that belongs to one process', (command) => {
    expect(refusal([command, ...PUBLIC_URL])).toMatch(
      /^--database-url \(SCIM_OPERATOR_DATABASE_URL\) must be postgres:.* for (operator|server), not "file:scim-operator.db"/,
    );
  });

  it.each([
    [
      ['--leader-election-renew-deadline=15s'],
      '--leader-election-lease-duration (SCIM_OPERATOR_LEADER_ELECTION_LEASE_DURATION): 15s is not allowed; it must be longer than --leader-election-renew-deadline, which is 15s',
    ],
    [
      ['--leader-election-retry-period=1m'],
      '--leader-election-renew-deadline (SCIM_OPERATOR_LEADER_ELECTION_RENEW_DEADLINE): 10s is not allowed; it must be longer than --leader-election-retry-period, which is 60s',
    ],
    [['--leader-election-retry-period=0s'], '0s is not allowed; it must be at least 1s'],
  ])('%j, in which a leader would lead too long or try too seldom', (args, message) => {
    expect(refusal([...PUBLIC_URL, ...args])).toContain(message);
  });

  it('under the name of the variable that it came from', () => {
    expect(refusal(PUBLIC_URL, { SCIM_OPERATOR_RATE_LIMIT: 'none' })).toMatch(
      /^SCIM_OPERATOR_RATE_LIMIT: "none" is not allowed; it must be a whole number/,
    );
  });

  it.each([
    [['--prot', '1'], '--prot is not an option; see --help'],
    [['--port'], '--port needs a value; see --help'],
    [
      ['serve'],
      '"serve" is not a command; allowed are run, operator, server, migrate, crds, probe',
    ],
    [['run', 'fast'], '"fast" is one argument too many; see --help'],
    [['run'], '--public-url (SCIM_OPERATOR_PUBLIC_URL) is required'],
    [[], '--public-url (SCIM_OPERATOR_PUBLIC_URL) is required'],
  ])('%j', (args, message) => {
    expect(refusal(args)).toContain(message);
  });
});

describe('probe', () => {
  const ENDPOINT = 'https://scim.example.com/scim/v2';
  const ALL = {
    SCIM_OPERATOR_IDP: 'okta',
    SCIM_OPERATOR_URL: ENDPOINT,
    SCIM_OPERATOR_TOKEN: 'secret-1',
  };

  it('has options of its own, as flags and variables', () => {
    const config = { idp: 'okta', url: ENDPOINT, token: 'secret-1', json: false };
    expect(readInvocation(['probe'], ALL)).toEqual({ kind: 'probe', config });
    expect(readInvocation(['probe', '--idp=entra', '--json'], ALL)).toEqual({
      kind: 'probe',
      config: { ...config, idp: 'entra', json: true },
    });
    expect(readInvocation(['probe'], { ...ALL, SCIM_OPERATOR_JSON: 'true' })).toMatchObject({
      config: { json: true },
    });
  });

  it.each([
    ['SCIM_OPERATOR_IDP', '--idp (SCIM_OPERATOR_IDP) is required by probe: one of okta, entra'],
    ['SCIM_OPERATOR_URL', '--url (SCIM_OPERATOR_URL) is required by probe: an http or https URL'],
    ['SCIM_OPERATOR_TOKEN', '--token (SCIM_OPERATOR_TOKEN) is required by probe'],
  ])('needs %s', (variable, message) => {
    expect(refusal(['probe'], { ...ALL, [variable]: '' })).toContain(message);
  });

  it.each([
    ['--idp=onelogin', '--idp: "onelogin" is not allowed; it must be one of okta, entra'],
    ['--url=scim.example.com', '--url: "scim.example.com" is not allowed'],
    ['--url=https://:pw@scim.example.com', '--url: the value is not allowed'],
    ['--json=yes', '--json: "yes" is not allowed; it must be true or false'],
    ['--port=1', '--port is not an option of probe; see --help'],
  ])('refuses %s', (flag, message) => {
    expect(refusal(['probe', flag], ALL)).toContain(message);
  });

  it('never shows the token, not even a wrong one', () => {
    expect(refusal(['probe', '--token=secret 1'], ALL)).toBe(
      '--token: the value is not allowed; it must be visible ASCII characters without spaces',
    );
  });

  it('has options that are of no other command', () => {
    expect(refusal(['crds', '--idp=okta'])).toBe('--idp is not an option of crds; see --help');
  });
});

describe('help', () => {
  it('names every command and every option with its variable and default', () => {
    const invocation = readInvocation(['--help'], {});
    const text = invocation.kind === 'help' ? invocation.text : '';
    for (const part of [
      'run',
      'migrate',
      'crds',
      'probe',
      '--token (SCIM_OPERATOR_TOKEN)',
      '--json (SCIM_OPERATOR_JSON)',
      '--database-url (SCIM_OPERATOR_DATABASE_URL)',
      'Default: 8080',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('is given whatever else is on the command line', () => {
    expect(readInvocation(['run', '-h'], {}).kind).toBe('help');
    expect(readInvocation(['--version', 'run'], {}).kind).toBe('version');
  });
});
