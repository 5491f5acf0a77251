import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CheckResult,
  type Exception,
  isConforming,
  judge,
} from '../../hack/conformance/judge.ts';
import { ensureSuite, runSuite, SuiteUnavailableError } from '../../hack/conformance/suite.ts';
import { startServer } from '../../hack/scim-server/start.ts';
import { openDirectory } from '../../src/directory/open.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-operator-conformance-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('the suite', () => {
  const installs = () => readFileSync(join(folder, 'pip'), 'utf8').trim().split('\n');
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);

  /**
   * A fake Python that knows its version, creates environments and records the arguments of pip. A
   * script prints the endpoint and the token.
   */
  const fakePython = (version: string) => {
    const script = `#!/bin/sh
case "$1 $2" in
  -c*) echo ${version} ;;
  '-m venv') mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  '-m pip') echo "$@" >>${join(folder, 'pip')} ;;
  *) echo "[\\"$CONFORMANCE_URL\\", \\"$CONFORMANCE_TOKEN\\"]" ;;
esac
`;
    const path = join(folder, 'python3');
    writeFileSync(path, script);
    chmodSync(path, 0o755);
  };

  beforeEach(() => {
    lines.length = 0;
    for (const program of ['sh', 'mkdir', 'cp'])
      symlinkSync(`/bin/${program}`, join(folder, program));
    vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
    vi.stubEnv('PATH', folder);
  });

  it('says in one sentence what to install if there is no Python', async () => {
    const refused = ensureSuite(log);
    await expect(refused).rejects.toThrow(SuiteUnavailableError);
    await expect(refused).rejects.toThrow(/^no Python .*: install Python 3\.11 or newer [^\n]*$/);
  });

  it('is not installed for a Python that is too old', async () => {
    fakePython('3.10.13');
    await expect(ensureSuite(log)).rejects.toThrow(/Python 3\.11 or newer/);
  });

  it('is installed from hashed pins into the cache, once for each version of Python', async () => {
    fakePython('3.11.7');
    const first = await ensureSuite(log);
    expect(first.python).toMatch(
      /\/cache\/scim-operator\/scim2-tester-[\d.]+_[0-9a-f]{12}_python-3\.11\.7\/bin\/python$/,
    );
    expect(await ensureSuite(log)).toEqual(first);
    expect(installs()).toEqual([expect.stringMatching(/ --require-hashes .*requirements\.txt$/)]);
    expect(lines).toHaveLength(1);
    fakePython('3.12.1');
    expect((await ensureSuite(log)).python).not.toBe(first.python);
    expect(installs()).toHaveLength(2);
  });

  it('gets the endpoint and its token', async () => {
    fakePython('3.11.7');
    const endpoint = { url: 'https://scim.example.com/scim/v2', token: 'secret' };
    expect(await runSuite(await ensureSuite(log), endpoint)).toEqual([
      endpoint.url,
      endpoint.token,
    ]);
  });
});

describe('the server', () => {
  it('responds at its endpoint, and leaves no integration in a given database', async () => {
    const databaseUrl = `file:${join(folder, 'directory.db')}`;
    const server = await startServer(databaseUrl);
    const authorization = `Bearer ${server.token}`;
    const created = await fetch(`${server.url}/Users`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/scim+json' },
      body: JSON.stringify({ userName: 'ada' }),
    });
    const location = created.headers.get('location') ?? '';
    expect(location).toContain(`${server.url}/Users/`);
    expect((await fetch(location, { headers: { authorization } })).status).toBe(200);
    await server.close();
    const store = await openDirectory(databaseUrl);
    expect(await store.integrations.list('conformance')).toEqual([]);
    await store.close();
    expect(existsSync(join(folder, 'directory.db'))).toBe(true);
  });
});

describe('the verdict', () => {
  const result = (status: string, changes: Partial<CheckResult> = {}): CheckResult => ({
    check: 'check_add_attribute',
    resource: 'User',
    attribute: 'title',
    status,
    detail: 'Returned value: None',
    data: null,
    ...changes,
  });
  const exception: Exception = {
    check: 'check_add_attribute',
    resource: 'User',
    attribute: 'title',
    detail: /^Returned value: None$/,
    why: 'RFC 7643 §7',
  };
  const verdictOf = (results: CheckResult[], exceptions: Exception[] = []) =>
    judge(results, exceptions, ['User']);

  it.each(['SUCCESS', 'COMPLIANT', 'ACCEPTABLE'])('%s conforms', (status) => {
    expect(isConforming(verdictOf([result(status)]))).toBe(true);
  });

  it.each(['DEVIATION', 'ERROR', 'CRITICAL', 'SKIPPED', 'NEW'])(
    '%s is unexpected unless an exception covers it',
    (status) => {
      const finding = result(status);
      expect(verdictOf([finding]).unexpected).toEqual([finding]);
      expect(isConforming(verdictOf([finding]))).toBe(false);
      expect(verdictOf([finding], [exception])).toMatchObject({ justified: 1, unexpected: [] });
      expect(isConforming(verdictOf([finding], [exception]))).toBe(true);
    },
  );

  it.each<[string, Partial<CheckResult>]>([
    ['check', { check: 'check_replace_attribute' }],
    ['resource', { resource: 'Group' }],
    ['attribute', { attribute: 'nickName' }],
    ['detail', { detail: 'Returned value: 7' }],
  ])('an exception doesn’t cover a finding with another %s', (_, changes) => {
    const finding = result('ERROR', changes);
    expect(verdictOf([finding], [exception])).toMatchObject({
      unexpected: [finding],
      needless: [exception],
    });
  });

  it('an exception that is not needed fails', () => {
    expect(isConforming(verdictOf([result('SUCCESS')], [exception]))).toBe(false);
  });

  it('a resource type without any check fails', () => {
    const verdict = judge([result('SUCCESS')], [], ['User', 'Group']);
    expect(verdict.unchecked).toEqual(['Group']);
    expect(isConforming(verdict)).toBe(false);
  });
});
