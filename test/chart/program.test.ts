/** The chart accepts what the program accepts: a pod that exits with 2 at each start helps nobody. */
import { describe, expect, it } from 'vitest';
import { readInvocation } from '../../src/config/invocation.ts';
import { parseSsoConfig } from '../../src/sso/config/parse.ts';
import { Helm, useHelm, type Values } from '../support/chart/helm.ts';
import {
  MINIMAL,
  PROVIDER_REFUSALS,
  PROVIDERS,
  PUBLIC_URL,
  SESSIONS,
} from '../support/chart/values.ts';

useHelm();

const helm = new Helm('v4');
const [OKTA] = PROVIDERS;
const rendered = (providers: readonly Values[]) =>
  helm.template({ ...MINIMAL, sso: { config: { providers }, clientSecrets: 'clients' } });
const parsed = (providers: readonly Values[]) => {
  const withSecrets = providers.map((each) => ({ clientSecretFile: '/okta', ...each }));
  return parseSsoConfig(JSON.stringify({ providers: withSecrets }));
};

describe('the chart and the program refuse a provider with', () => {
  it.each(PROVIDER_REFUSALS)('%s', async (_, change, said) => {
    const provider = { ...OKTA, ...change };
    expect(() => parsed([provider])).toThrow();
    await expect(rendered([provider])).rejects.toThrow(said);
  });

  it('the name of another one', async () => {
    const providers = [{ ...OKTA }, { ...OKTA }];
    expect(() => parsed(providers)).toThrow();
    await expect(rendered(providers)).rejects.toThrow(/providers\[1\].name must be unique/);
  });
});

it('the chart and the program accept the same providers, or none', async () => {
  for (const providers of [[], ...PROVIDERS.map((each) => [each])]) {
    expect(parsed(providers)).toHaveLength(providers.length);
    expect(await rendered(providers)).toContain('sso.yaml: |');
  }
});

it.each(SESSIONS)('the chart and the program agree about a session of %s', async (idle, said) => {
  const template = helm.template({ ...MINIMAL, console: { session: { idle } } });
  const read = () => readInvocation([`--public-url=${PUBLIC_URL}`, `--session-idle=${idle}`], {});
  if (said === undefined) {
    expect(read()).toMatchObject({ kind: 'command' });
    expect(await template).toContain(`SCIM_OPERATOR_SESSION_IDLE: "${idle}"`);
  } else {
    await expect(template).rejects.toThrow(said);
    expect(read).toThrow('--session-idle');
  }
});
