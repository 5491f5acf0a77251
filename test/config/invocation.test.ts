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
      activityRetentionMs: 2_592_000_000,
      activityLog: false,
      watchNamespaces: undefined,
      groupBindings: false,
      usernamePrefix: 'scim:',
      usernameFrom: 'userName',
      usernameCase: 'preserve',
      console: true,
      ssoConfig: undefined,
      sessionIdleMs: 3_600_000,
      sessionLifetimeMs: 43_200_000,
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

  it('is read from the environment, but a flag takes precedence', () => {
    const environment = { SCIM_OPERATOR_PORT: '81', SCIM_OPERATOR_OPS_PORT: '91' };
    expect(configOf(['--port', '82'], environment)).toMatchObject({ port: 82, opsPort: 91 });
  });

  it('may be written with an equals sign', () => {
    expect(configOf(['--log-level=debug'])).toMatchObject({ logLevel: 'debug' });
  });

  it('counts as unset if its variable is empty', () => {
    expect(configOf([], { SCIM_OPERATOR_PORT: '' }).port).toBe(8080);
  });

  it('ignores the variables that Kubernetes sets for a Service named scim-operator', () => {
    expect(configOf([], { SCIM_OPERATOR_PORT: 'tcp://10.0.0.7:8080' }).port).toBe(8080);
  });

  it('public-url drops its trailing slash', () => {
    expect(configOf(['--public-url=https://scim.example.com/base/']).publicUrl).toBe(
      'https://scim.example.com/base',
    );
  });

  it('leader-election is switched off by a value and on by the bare flag', () => {
    expect(configOf(['--leader-election=false']).leaderElection).toBe(false);
    const off = { SCIM_OPERATOR_LEADER_ELECTION: 'false' };
    expect(configOf([], off).leaderElection).toBe(false);
    expect(configOf(['--leader-election'], off).leaderElection).toBe(true);
  });

  it('watch-namespaces is a list without duplicates, and counts as unset if it is empty', () => {
    const watched = (text: string) => configOf(['--watch-namespaces', text]).watchNamespaces;
    expect(watched('acme, globex,acme')).toEqual(['acme', 'globex']);
    expect(watched('')).toBeUndefined();
    const environment = { SCIM_OPERATOR_WATCH_NAMESPACES: 'initech' };
    expect(configOf([], environment).watchNamespaces).toEqual(['initech']);
  });

  it('username-prefix follows the API server, where - means none', () => {
    expect(configOf(['--username-prefix=oidc:']).usernamePrefix).toBe('oidc:');
    expect(configOf(['--username-prefix=-']).usernamePrefix).toBe('');
    for (const wrong of ['', 'system:', 'System:x:'])
      expect(refusal([...PUBLIC_URL, `--username-prefix=${wrong}`])).toMatch(
        /that doesn't begin with system:/,
      );
  });

  it('username-prefix may name the tenant, if its name can be told from what follows', () => {
    expect(configOf(['--username-prefix=scim:{tenant}:']).usernamePrefix).toBe('scim:{tenant}:');
    for (const wrong of ['{tenant}', '{tenant}-', '{tenant}x:', '{tenant}{tenant}:', '{user}:'])
      expect(refusal([...PUBLIC_URL, `--username-prefix=${wrong}`])).toMatch(/scim:{tenant}:/);
  });
});

describe('an invalid option is refused with its name, its value and the allowed values', () => {
  it.each([
    ['--port', 'http', 'a whole number from 0 to 65535'],
    ['--port', '65536', 'a whole number from 0 to 65535'],
    ['--port', '-1', 'a whole number from 0 to 65535'],
    ['--ops-port', '1e3', 'a whole number from 0 to 65535'],
    ['--rate-limit', '10.5', 'a whole number from 0 to 1000000'],
    ['--log-level', 'verbose', 'one of debug, info, warn, error, silent'],
    ['--deprovision-delay', '10 minutes', 'a duration such as 90s, 10m or 24h'],
    ['--session-idle', '59s', 'a duration such as 90s, 10m or 24h of at least 1m'],
    ['--username-from', 'mail', 'one of userName, email, externalId'],
    ['--username-case', 'upper', 'one of preserve, lower'],
    ['--public-url', 'scim.example.com', 'an http or https URL without a query or fragment'],
    ['--public-url', 'ftp://scim.example.com', 'an http or https URL without a query or fragment'],
    ['--database-url', 'mysql://localhost/scim', 'file:PATH of a SQLite file, or postgres:'],
    ['--database-url', 'postgres://localhost', 'file:PATH of a SQLite file, or postgres:'],
    ['--database-url', 'scim.db', 'file:PATH of a SQLite file'],
    ['--watch-namespaces', 'acme,', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--watch-namespaces', 'Acme', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--watch-namespaces', '*', 'names of at most 63 lower-case letters, digits and dashes'],
    ['--host', '', 'non-empty text'],
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
  ])('never with a value that may hold a secret: %s', (argument) => {
    const given = [argument, argument.replaceAll('@t', '%40t'), argument.replaceAll('@t', 'et')];
    for (const one of given) {
      for (const args of [[one], ['server', one], ['migrate', one]]) {
        const message = refusal([...PUBLIC_URL, ...args]);
        expect(message).not.toMatch(/s3cr/);
        expect(message).toMatch(
          /is not allowed|unknown option|unknown command|unexpected argument/,
        );
      }
    }
  });

  it('with what is wrong in the URL of a database, but without the URL', () => {
    const url = 'postgres://scim:s3cret@db/scim';
    expect(refusal([...PUBLIC_URL, `--database-url=${url}?sslmode=foo`])).toBe(
      '--database-url: sslmode=foo is not allowed; it must be one of disable, allow, prefer, require, verify-ca, verify-full',
    );
    expect(refusal(PUBLIC_URL, { SCIM_OPERATOR_DATABASE_URL: `${url}?s3cret` })).toBe(
      'SCIM_OPERATOR_DATABASE_URL: its query has a parameter without a value',
    );
  });

  it.each([
    ['postgres://scim:s3cret@db', /: .*url must contain file:PATH of a SQLite file, or/],
    [
      'postgres://scim:s3cret@db/scim?sslmode=foo',
      /: invalid URL in .*url: sslmode=foo is not allowed; it must/,
    ],
  ])('if its file contains no URL of a database: %s', (content, reason) => {
    const folder = mkdtempSync(join(tmpdir(), 'scim-operator-config-'));
    const path = join(folder, 'url');
    writeFileSync(path, content);
    const message = refusal([...PUBLIC_URL, `--database-url-file=${path}`]);
    expect(message).toMatch(reason);
    expect(message).not.toContain('s3cret');
    rmSync(folder, { recursive: true });
  });

  it('if its file doesn’t exist, or if a URL is also given', () => {
    const file = '--database-url-file=/does/not/exist';
    expect(refusal([...PUBLIC_URL, file])).toMatch(
      /^--database-url-file \(SCIM_OPERATOR_DATABASE_URL_FILE\): ENOENT: no such file/,
    );
    expect(refusal([...PUBLIC_URL, file], { SCIM_OPERATOR_DATABASE_URL: 'file:a' })).toMatch(
      /and --database-url \(SCIM_OPERATOR_DATABASE_URL\) exclude each other; set only one/,
    );
  });

  it.each(['operator', 'server'])('if the command %s is given a SQLite file', (command) => {
    expect(refusal([command, ...PUBLIC_URL])).toMatch(
      /^--database-url \(SCIM_OPERATOR_DATABASE_URL\) must be postgres:.* for (operator|server), not "file:scim-operator.db"/,
    );
    expect(refusal([command, ...PUBLIC_URL, `--database-url=file:${'a'.repeat(100)}`])).toBe(
      `--database-url (SCIM_OPERATOR_DATABASE_URL) must be postgres://… for ${command}; of run, operator and server, only run can use a SQLite file`,
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
  ])('%j, with which a leader would lead for too long or retry too rarely', (args, message) => {
    expect(refusal([...PUBLIC_URL, ...args])).toContain(message);
  });

  it('with the name of its variable if it came from there', () => {
    expect(refusal(PUBLIC_URL, { SCIM_OPERATOR_RATE_LIMIT: 'none' })).toMatch(
      /^SCIM_OPERATOR_RATE_LIMIT: "none" is not allowed; it must be a whole number/,
    );
  });

  it.each([
    [['--prot', '1'], 'unknown option --prot; the nearest is --port; see --help'],
    [['--publik-url=x'], 'unknown option --publik-url; the nearest is --public-url; see --help'],
    [['--port'], '--port requires a value; see --help'],
    [
      ['serve'],
      'unknown command "serve"; it must be one of run, operator, server, migrate, backup, restore, copy, activity, requests, crds, probe',
    ],
    [['run', 'fast'], 'unexpected argument "fast"; see --help'],
    [
      ['--group-bindings', 'true'],
      'unexpected argument "true" after --group-bindings; write its value after an equals sign, such as --group-bindings=true',
    ],
    [
      ['run', '--leader-election', 'no'],
      'unexpected argument "no" after --leader-election; write its value after an equals sign, such as --leader-election=false',
    ],
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
    [
      'SCIM_OPERATOR_TOKEN',
      '--token (SCIM_OPERATOR_TOKEN) is required by probe: set SCIM_OPERATOR_TOKEN to the bearer ' +
        'token of the endpoint, which is in the Secret of its ScimIntegration',
    ],
  ])('requires %s', (variable, message) => {
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

  it('never shows the token, not even an invalid one', () => {
    expect(refusal(['probe', '--token=secret 1'], ALL)).toBe(
      '--token: the value is not allowed; it must be visible ASCII characters without spaces',
    );
  });

  it('has options that no other command has', () => {
    expect(refusal(['crds', '--idp=okta'])).toBe('--idp is not an option of crds; see --help');
  });
});

describe('backup, restore and copy', () => {
  const from = 'file:scim.db';
  const to = 'postgres://scim:s3cret@db/scim';

  it('have options of their own, as flags and variables', () => {
    expect(readInvocation(['backup', '--to=a.db'], {})).toEqual({
      kind: 'backup',
      config: {
        databaseUrl: 'file:scim-operator.db',
        databaseUrlFile: undefined,
        logLevel: 'info',
        to: 'a.db',
      },
    });
    expect(readInvocation(['restore', '--replace'], { SCIM_OPERATOR_FROM: 'a.db' })).toMatchObject({
      kind: 'restore',
      config: { from: 'a.db', replace: true, withoutTokens: false },
    });
    expect(readInvocation(['copy', `--from=${from}`], { SCIM_OPERATOR_TO: to })).toEqual({
      kind: 'copy',
      config: { from, to, logLevel: 'info' },
    });
  });

  it('read the URL of the directory from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'scim-operator-config-'));
    const path = join(folder, 'url');
    writeFileSync(path, to);
    const args = ['backup', '--to=a.db', `--database-url-file=${path}`];
    expect(readInvocation(args, {})).toMatchObject({ config: { databaseUrl: to } });
    rmSync(folder, { recursive: true });
  });

  it.each([
    [['backup'], '--to (SCIM_OPERATOR_TO) is required by backup: the path of a file, or -'],
    [['restore'], '--from (SCIM_OPERATOR_FROM) is required by restore: the path of a file, or -'],
    [['copy', `--to=${to}`], '--from (SCIM_OPERATOR_FROM) is required by copy: file:PATH of a'],
    [['copy', `--from=${from}`], '--to (SCIM_OPERATOR_TO) is required by copy: file:PATH of a'],
    [
      ['copy', `--from=${from}`, `--to=${from}`],
      '--from and --to of copy name the same database; name an empty database with --to',
    ],
    [['copy', '--from=scim.db'], '--from: "scim.db" is not allowed; it must be file:PATH'],
    [['backup', `--to=${to}`], '--to: the value is not allowed; it must be the path of a file'],
    [['backup', '--to=a', '--from=b'], '--from is not an option of backup; see --help'],
    [['backup', '--to=a', '--port=1'], '--port is not an option of backup; see --help'],
    [['copy', '--database-url=file:a'], '--database-url is not an option of copy; see --help'],
    [['run', '--to=a'], '--to is not an option of run; see --help'],
  ])('refuse %j', (args, message) => {
    expect(refusal(args)).toContain(message);
  });
});

describe('help', () => {
  it('lists every command, and every option with its variable and default', () => {
    const invocation = readInvocation(['--help'], {});
    const text = invocation.kind === 'help' ? invocation.text : '';
    for (const part of [
      'run',
      'migrate',
      'crds',
      'probe',
      '--token (SCIM_OPERATOR_TOKEN)',
      '--json (SCIM_OPERATOR_JSON)',
      'Options of backup:\n  --to (SCIM_OPERATOR_TO)',
      '--without-tokens (SCIM_OPERATOR_WITHOUT_TOKENS)',
      '--database-url (SCIM_OPERATOR_DATABASE_URL)',
      'Default: 8080',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('is printed whatever else is on the command line', () => {
    expect(readInvocation(['run', '-h'], {}).kind).toBe('help');
    expect(readInvocation(['--version', 'run'], {}).kind).toBe('version');
  });
});

describe('requests', () => {
  it('needs an integration', () => {
    expect(readInvocation(['requests', '--integration=acme/okta', '--output=json'], {})).toEqual({
      kind: 'requests',
      config: {
        databaseUrl: 'file:scim-operator.db',
        databaseUrlFile: undefined,
        logLevel: 'info',
        integration: 'acme/okta',
        output: 'json',
      },
    });
    expect(refusal(['requests'])).toBe(
      '--integration (SCIM_OPERATOR_INTEGRATION) is required by requests: non-empty text',
    );
  });
});
