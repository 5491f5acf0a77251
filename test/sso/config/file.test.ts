/** The file of --sso-config and the secrets beside it, while they are replaced. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SsoConfigFile } from '../../../src/sso/config/file.ts';
import { SsoConfigError } from '../../../src/sso/config/parse.ts';
import { captureLog } from '../../support/captured-log.ts';
import { eventually } from '../../support/eventually.ts';

const POLL_MS = 5;

let folder: string;
let path: string;
let secretPath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'scim-sso-'));
  path = join(folder, 'sso.yaml');
  secretPath = join(folder, 'secret');
  writeFileSync(secretPath, 'first-secret\n');
  writeFileSync(path, yaml('okta'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const yaml = (name: string) => `providers:
  - name: ${name}
    issuer: https://acme.okta.com
    clientId: 0oa1
    clientSecretFile: ${secretPath}
    tenants: [acme]
`;

async function watch() {
  const file = await SsoConfigFile.load(path);
  const { log, lines } = captureLog();
  const registry = new Registry();
  file.startReading(log, registry, POLL_MS);
  const valid = async () => {
    const metrics = await registry.getMetricsAsJSON();
    return metrics.find(({ name }) => name === 'scim_operator_sso_config_valid')?.values[0]?.value;
  };
  return { file, lines, valid, [Symbol.dispose]: () => file.stopReading() };
}

describe('the file of the sign-in configuration', () => {
  it('is read again when it changes, and so are the secrets', async () => {
    using watched = await watch();
    const { file } = watched;
    expect(file.providers).toMatchObject([{ name: 'okta', clientSecret: 'first-secret' }]);
    writeFileSync(path, yaml('staff'));
    await eventually(() => expect(file.providers[0]?.name).toBe('staff'));
    writeFileSync(secretPath, 'second-secret');
    await eventually(() => expect(file.providers[0]?.clientSecret).toBe('second-secret'));
    expect(JSON.stringify(watched.lines)).not.toContain('-secret');
  });

  it('stays in use as it was while it is not valid, with one line and a metric', async () => {
    using watched = await watch();
    const { file, lines, valid } = watched;
    expect(await valid()).toBe(1);
    writeFileSync(path, 'providers: nothing');
    await eventually(async () => expect(await valid()).toBe(0));
    await new Promise((resolve) => setTimeout(resolve, 10 * POLL_MS));
    expect(file.providers[0]?.name).toBe('okta');
    expect(lines.map(({ level, msg, reason }) => [level, msg, reason])).toEqual([
      [
        'warn',
        "sign-in configuration can't be used; the previous one stays in use",
        `${path}: providers: "nothing" is not allowed; it must be a list of providers`,
      ],
    ]);
    writeFileSync(path, yaml('staff'));
    await eventually(async () => expect(await valid()).toBe(1));
    expect(file.providers[0]?.name).toBe('staff');
  });

  it.each([
    [
      'is missing',
      () => rmSync(secretPath),
      /providers\[0\]\.clientSecretFile: .* can't be read: ENOENT$/,
    ],
    ['is empty', () => writeFileSync(secretPath, '\n'), /does not contain a secret/],
    ['has lines', () => writeFileSync(secretPath, 'a\nb'), /does not contain a secret/],
  ])('is refused if a secret %s', async (_, spoil, message) => {
    spoil();
    await expect(SsoConfigFile.load(path)).rejects.toThrow(message);
    await expect(SsoConfigFile.load(path)).rejects.toThrow(SsoConfigError);
  });

  it('is named if it is missing', async () => {
    rmSync(path);
    await expect(SsoConfigFile.load(path)).rejects.toThrow(`${path}: can't be read: ENOENT`);
  });
});
