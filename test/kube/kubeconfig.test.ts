/**
 * Kubeconfigs against a real API server. Whatever kubectl understands works, and any other is
 * rejected in one line.
 */

import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { startFaultProxy } from '../../hack/control-plane/fault-proxy.ts';
import { Client } from '../../src/kube/client.ts';
import { Connection } from '../../src/kube/connection.ts';
import { outcomeOf } from '../../src/kube/errors.ts';
import { loadKubeConfig } from '../../src/kube/kubeconfig.ts';
import type { KubeObject, ResourceDefinition } from '../../src/kube/resource.ts';
import {
  type ForwardProxy,
  startConnectProxy,
  startSocksProxy,
} from '../support/kube/forward-proxy.ts';

let dir: string;
const closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'scim-operator-kubeconfig-'));
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
  rmSync(dir, { recursive: true });
});

const PATH = '/usr/local/bin:/usr/bin:/bin';

const REVIEWS: ResourceDefinition = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
};

interface Review extends KubeObject {
  readonly status?: {
    readonly userInfo: {
      readonly username: string;
      readonly uid?: string;
      readonly groups: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
  };
}

type Fields = Readonly<Record<string, unknown>>;

const real = () => {
  const config = loadKubeConfig(inject('kubeconfig'));
  const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
  if (!cluster?.caFile || !user?.token) throw new Error('no certificate or token');
  const { port } = new URL(cluster.server);
  return { server: cluster.server, caFile: cluster.caFile, token: user.token, port };
};

/** A kubeconfig of the real cluster, with other fields for the cluster and the user. */
function write(user: Fields, cluster: Fields = {}, name = 'config'): string {
  const path = join(dir, name);
  const { server, caFile } = real();
  const text = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': caFile, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(path, JSON.stringify(text));
  return path;
}

function connect(path: string, environment: Record<string, string> = {}) {
  const reload = () => loadKubeConfig(path, environment);
  const connection = new Connection(reload(), { environment, reload });
  closing.push(() => connection.close());
  const client = new Client(connection);
  return {
    whoAmI: async () => {
      const review = await client.create<Review>(REVIEWS, { metadata: { name: '' } }, 'test');
      return review.status?.userInfo;
    },
  };
}

const ADMIN = { username: 'admin', groups: expect.arrayContaining(['system:masters']) };

describe('a user', () => {
  it('with tokenFile is that of the file, even after the file changes', async () => {
    const { token } = real();
    writeFileSync(join(dir, 'token'), `${token}\n`);
    const { whoAmI } = connect(write({ tokenFile: 'token', token: 'of no use' }));
    expect(await whoAmI()).toMatchObject(ADMIN);
    writeFileSync(join(dir, 'token'), 'nonsense');
    const again = connect(join(dir, 'config'));
    await expect(again.whoAmI()).rejects.toMatchObject({ code: 401 });
    writeFileSync(join(dir, 'token'), token);
    expect(await again.whoAmI()).toMatchObject(ADMIN);
  });

  it('with a replaced token in the kubeconfig uses the new one immediately', async () => {
    const { token } = real();
    const { whoAmI } = connect(write({ token: 'expired' }));
    write({ token });
    expect(await whoAmI()).toMatchObject(ADMIN);
  });

  it('can impersonate another', async () => {
    const { token } = real();
    const { whoAmI } = connect(
      write({
        token,
        as: 'jane',
        'as-uid': 'u-1',
        'as-groups': ['developers', 'admins'],
        'as-user-extra': { 'example.com/Reason ü': ['one', 'two'], scopes: ['x'] },
      }),
    );
    expect(await whoAmI()).toEqual({
      username: 'jane',
      uid: 'u-1',
      groups: ['developers', 'admins', 'system:authenticated'],
      extra: { 'example.com/reason ü': ['one', 'two'], scopes: ['x'] },
    });
  });

  it('without a known token is reported as refused, not as an unreachable server', async () => {
    const { token } = real();
    const failure = (user: Fields) =>
      connect(write(user))
        .whoAmI()
        .then(undefined, (error: unknown) => error);
    const unknown = await failure({ token: 'nonsense' });
    expect(outcomeOf(unknown)).toBe('refused the credentials');
    expect(unknown).toHaveProperty('message', expect.stringContaining('401 Unauthorized'));
    const { whoAmI } = connect(write({ token, as: 'jane', 'as-groups': ['system:masters'] }));
    expect(await whoAmI()).toMatchObject({ username: 'jane' });
  });
});

describe('an exec plugin', () => {
  const V1 = 'client.authentication.k8s.io/v1';

  /** Counts its runs. The first `stale` of them print an invalid token. */
  function plugin(stale: number, fields: Fields = {}) {
    const { token } = real();
    mkdirSync(join(dir, 'bin'), { recursive: true });
    const script = join(dir, 'bin', 'plugin');
    writeFileSync(
      script,
      `#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> "${dir}/runs"
[ "$(wc -l < "${dir}/runs")" -gt ${stale} ] && token="$TOKEN" || token=stale
printf '{"apiVersion":"${V1}","kind":"ExecCredential","status":{"token":"%s"}}' "$token"
`,
    );
    chmodSync(script, 0o755);
    const env = [{ name: 'TOKEN', value: token }];
    return { exec: { apiVersion: V1, command: './bin/plugin', env, ...fields } };
  }
  const runs = () => readFileSync(join(dir, 'runs'), 'utf8').trim().split('\n');

  it('without an expiry runs once, and again when its token is refused', async () => {
    const { whoAmI } = connect(write(plugin(1)), { PATH });
    expect(await whoAmI()).toMatchObject(ADMIN);
    expect(await whoAmI()).toMatchObject(ADMIN);
    expect(runs()).toHaveLength(2);
  });

  it('does not run for every call if its new token is also refused', async () => {
    const { whoAmI } = connect(write(plugin(99)), { PATH });
    for (let call = 0; call < 5; call++)
      await expect(whoAmI()).rejects.toMatchObject({ code: 401 });
    expect(runs()).toHaveLength(2);
  });

  it('is told which cluster it is for if it asks', async () => {
    const { whoAmI } = connect(write(plugin(0, { provideClusterInfo: true })), { PATH });
    expect(await whoAmI()).toMatchObject(ADMIN);
    expect(JSON.parse(runs()[0] ?? '')).toMatchObject({
      apiVersion: V1,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: real().server } },
    });
  });

  it.each([
    ['is missing', ['no-such-plugin'], /exec plugin no-such-plugin was not found: install it$/],
    ['fails', ['sh', '-c', 'echo log in first >&2; exit 3'], /sh exited with 3: log in first$/],
    [
      'quotes its token in an error',
      ['sh', '-c', 'echo bad eyJhbGciOiJSUzI1NiIsImtpZCI6.s3cret >&2; exit 1'],
      /sh exited with 1: bad …$/,
    ],
    ['prints something other than JSON', ['echo', 's3cret'], /exec plugin echo printed no JSON$/],
    [
      'prints something other than an ExecCredential',
      ['echo', '{"token":"s3cret"}'],
      /printed no ExecCredential$/,
    ],
    [
      'prints no credentials',
      ['echo', `{"apiVersion":"${V1}","kind":"ExecCredential"}`],
      /printed neither a token nor a certificate with its key$/,
    ],
  ])('that %s is reported in one line', async (_, [command = '', ...args], message) => {
    const exec = { apiVersion: V1, command, args, installHint: 'install it' };
    const { whoAmI } = connect(write({ exec }), { PATH });
    const error = await whoAmI().then(undefined, (failure: unknown) => failure);
    expect(error).toHaveProperty('message', expect.stringMatching(message));
    expect(String(error)).not.toContain('s3cret');
    expect(outcomeOf(error)).toBe('had no credentials');
  });
});

describe('a proxy', () => {
  const start = async (starting: Promise<ForwardProxy>) => {
    const proxy = await starting;
    closing.push(() => proxy.close());
    return proxy;
  };
  /** Only the proxy can resolve this name. */
  const hidden = () => ({
    server: `https://api.example.invalid:${real().port}`,
    'tls-server-name': 'kubernetes.default',
  });

  it('that the kubeconfig names is used, with its password', async () => {
    const proxy = await start(startConnectProxy('ann:s3cret'));
    const { token, port } = real();
    const url = proxy.url.replace('//', '//ann:s3cret@');
    const { whoAmI } = connect(write({ token }, { ...hidden(), 'proxy-url': url }));
    expect(await whoAmI()).toMatchObject(ADMIN);
    expect(proxy.targets[0]).toBe(`api.example.invalid:${port}`);
  });

  it('that speaks SOCKS5 is used', async () => {
    const proxy = await start(startSocksProxy());
    const { token, port } = real();
    const { whoAmI } = connect(write({ token }, { ...hidden(), 'proxy-url': proxy.url }));
    expect(await whoAmI()).toMatchObject(ADMIN);
    expect(proxy.targets[0]).toBe(`api.example.invalid:${port}`);
  });

  it('that the environment names is used, except for the hosts in NO_PROXY', async () => {
    const proxy = await start(startConnectProxy());
    const { token } = real();
    const path = write({ token }, hidden());
    expect(await connect(path, { HTTPS_PROXY: proxy.url }).whoAmI()).toMatchObject(ADMIN);
    expect(proxy.targets).toHaveLength(1);
    const direct = connect(path, { HTTPS_PROXY: proxy.url, NO_PROXY: '.example.invalid' });
    await expect(direct.whoAmI()).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
    expect(proxy.targets).toHaveLength(1);
  });

  it('that refuses the connection is reported without its password', async () => {
    const proxy = await start(startConnectProxy('ann:s3cret'));
    const { token } = real();
    const url = proxy.url.replace('//', '//ann:wr0ng@');
    const { whoAmI } = connect(write({ token }, { ...hidden(), 'proxy-url': url }));
    const error = await whoAmI().then(undefined, (failure: unknown) => failure);
    expect(error).toHaveProperty('message', expect.stringMatching(/the proxy refused .*407/));
    expect(String(error)).not.toContain('wr0ng');
    expect(outcomeOf(error)).toBe('was not reached');
  });
});

describe('a server', () => {
  it('with http is reached, as behind kubectl proxy, but receives no token', async () => {
    const proxy = await startFaultProxy(inject('kubeconfig'));
    closing.push(() => proxy.close());
    const { server } = proxy.config.getCurrentCluster() ?? { server: '' };
    expect(await connect(write({}, { server })).whoAmI()).toMatchObject(ADMIN);

    let seen: IncomingHttpHeaders = {};
    const listener = createServer(({ headers }, answer) => {
      seen = headers;
      answer.writeHead(403).end();
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    closing.push(async () => void listener.close());
    const { port } = listener.address() as AddressInfo;
    const plain = connect(write({ token: 's3cret' }, { server: `http://127.0.0.1:${port}` }));
    await expect(plain.whoAmI()).rejects.toMatchObject({ code: 403 });
    expect(JSON.stringify(seen)).not.toContain('s3cret');
  });

  it('is verified with the inline certificate authority before that in a file', async () => {
    const { token, caFile } = real();
    const data = readFileSync(caFile).toString('base64');
    const path = write(
      { token },
      { 'certificate-authority-data': data, 'certificate-authority': 'x' },
    );
    expect(await connect(path).whoAmI()).toMatchObject(ADMIN);
  });
});

describe('kubeconfig files', () => {
  it('in KUBECONFIG are merged, where the first entry of a name wins and missing files are skipped', async () => {
    const { token } = real();
    const first = join(dir, 'first');
    writeFileSync(
      first,
      JSON.stringify({
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'mine' } }],
        users: [{ name: 'u', user: { token } }],
      }),
    );
    const second = write({ token: 'nonsense' }, {}, 'second');
    const KUBECONFIG = [join(dir, 'missing'), '', first, second].join(':');
    const connection = new Connection(loadKubeConfig(undefined, { KUBECONFIG }));
    closing.push(() => connection.close());
    expect(connection.namespace).toBe('mine');
    const review = new Client(connection).create<Review>(
      REVIEWS,
      { metadata: { name: '' } },
      'test',
    );
    expect((await review).status?.userInfo).toMatchObject(ADMIN);
  });

  it('are found in the home directory', () => {
    mkdirSync(join(dir, '.kube'));
    write({}, {}, join('.kube', 'config'));
    expect(loadKubeConfig(undefined, { HOME: dir, KUBECONFIG: '' }).getCurrentContext()).toBe('c');
  });

  const AS = { 'as-groups': ['x'] };
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'x' };
  it.each<[string, string | (() => string), RegExp]>([
    [
      'are not YAML',
      'users:\n- name: u\n  user: {token: s3cret\n x',
      /is not valid YAML in line \d$/,
    ],
    ['are empty', '', /is empty or not a kubeconfig$/],
    [
      'have no context',
      '{"users":[{"name":"u","user":{"token":"s3cret"}}]}',
      /has no current-context$/,
    ],
    ['name no server', '{"clusters":[{"name":"c","cluster":{}}]}', /cluster.server is missing$/],
    [
      'name a missing cluster',
      '{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"x"}}]}',
      /has no cluster x, which its context c names$/,
    ],
    [
      'impersonate nobody',
      () => write(AS),
      /user u has as-uid, as-groups or as-user-extra without as$/,
    ],
    [
      'have an old plugin',
      () => write({ exec: { ...exec, apiVersion: 'client.authentication.k8s.io/v1alpha1' } }),
      /apiVersion other than/,
    ],
    [
      'have an interactive plugin',
      () => write({ exec: { ...exec, interactiveMode: 'Always' } }),
      /there is no terminal$/,
    ],
    [
      'have a removed auth provider',
      () => write({ 'auth-provider': { name: 'gcp', config: {} } }),
      /auth-provider gcp, which Kubernetes has removed; use an exec plugin$/,
    ],
    [
      'have a proxy of another kind',
      () => write({}, { 'proxy-url': 'socks4://u:s3cret@p' }),
      /has the scheme socks4; use http, https or socks5$/,
    ],
    ['have no URL', () => write({}, { server: 'api.example.com' }), /is not an http or https URL$/],
  ])('that %s are rejected in one line', (_, text, message) => {
    const path = join(dir, 'config');
    if (typeof text === 'string') writeFileSync(path, text);
    else text();
    const open = () => new Connection(loadKubeConfig(path));
    expect(open).toThrow(message);
    expect(open).not.toThrow(/s3cret|\n/);
  });

  it('with an unreadable token file are reported as such, not as an unreachable server', async () => {
    const { whoAmI } = connect(write({ tokenFile: 'missing' }));
    const error = await whoAmI().then(undefined, (failure: unknown) => failure);
    expect(error).toHaveProperty('message', expect.stringMatching(/missing, which .* \(ENOENT\)$/));
    expect(outcomeOf(error)).toBe('had no credentials');
  });
});
