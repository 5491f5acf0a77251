/** The program with `--tls-cert` and `--tls-key`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readInvocation } from '../../src/config/invocation.ts';
import { ConfigError } from '../../src/config/resolve.ts';
import { Authority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { unreachableKubeconfig } from '../support/kube/unreachable.ts';
import { Program } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'scim-operator-tls-'));
const tls = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
let authority: Authority;
beforeAll(() => {
  authority = new Authority(folder, 'authority');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function status(port: number, path: string): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { port, host: '127.0.0.1', servername: 'scim.example.com' };
  const certified = {
    ca: authority.certificate,
    checkServerIdentity: () => undefined,
    agent: false,
  };
  request({ ...options, ...certified, path }, (response) => {
    response.resume().once('end', () => resolve(response.statusCode));
  })
    .once('error', reject)
    .end();
  return promise;
}

it('serves TLS on both ports as soon as the certificate and the key match', async () => {
  const { cert, key } = authority.issue('scim.example.com');
  writeFileSync(tls.cert, cert);
  writeFileSync(tls.key, authority.issue('other.example.com').key);
  const program = new Program([
    'run',
    '--public-url=https://scim.example.com',
    '--host=127.0.0.1',
    '--port=0',
    '--ops-port=0',
    `--database-url=file:${join(folder, 'directory.db')}`,
    `--kubeconfig=${unreachableKubeconfig(folder)}`,
    `--tls-cert=${tls.cert}`,
    `--tls-key=${tls.key}`,
  ]);
  try {
    const line = await program.logged("serving certificate can't be used; retrying");
    expect(line.reason).toContain('does not belong to the key');
    writeFileSync(tls.key, key);
    await program.logged('serving certificate was loaded');
    const { port } = await program.logged('serving SCIM');
    const { port: opsPort } = await program.logged('serving metrics and probes');
    await eventually(async () => expect(await status(Number(opsPort), '/readyz')).toBe(200));
    expect(await status(Number(port), '/api/v1/acme/integrations/x/scim/v2/Users')).toBe(401);
  } finally {
    await program.stop();
  }
});

it.each([
  ['--tls-cert=tls.crt', '--tls-key (SCIM_OPERATOR_TLS_KEY) is required because --tls-cert is set'],
  ['--tls-key=tls.key', '--tls-cert (SCIM_OPERATOR_TLS_CERT) is required because --tls-key is set'],
])('refuses %s alone', (flag, message) => {
  const args = ['run', '--public-url=https://scim.example.com', flag];
  expect(() => readInvocation(args, {})).toThrow(new ConfigError(message));
});
