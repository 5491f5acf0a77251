import { beforeAll, describe, expect, it } from 'vitest';
import { ID, type IntegrationFixture, integrationFixture, type Spec } from './fixture.ts';

let fixture: IntegrationFixture;

beforeAll(async () => {
  fixture = await integrationFixture();
});

describe('the API server accepts an integration', () => {
  it.each<[string, Spec]>([
    ['without a spec', undefined],
    ['with an empty spec', {}],
    [
      'with every field set',
      {
        displayName: 'Okta',
        description: 'People',
        type: 'SCIM2',
        enabled: false,
        tenant: 'acme',
        integrationId: ID,
        identityProvider: 'Okta',
        deletionPolicy: 'Delete',
        token: { secretName: 'okta.token', rotation: { interval: '720h', overlap: '48h' } },
      },
    ],
    [
      'with the longest displayName and description',
      { displayName: 'd'.repeat(128), description: 'd'.repeat(1024) },
    ],
  ])('%s, and stores its spec unchanged', async (_, spec) => {
    const created = await fixture.create(spec);
    expect(created.spec).toEqual(spec);
  });

  it('with a name of 52 characters', async () => {
    await fixture.create({}, { name: 'n'.repeat(52) });
  });

  it('and shows observedGeneration -1 until it is reconciled', async () => {
    expect((await fixture.create({})).status).toEqual({ observedGeneration: -1 });
  });
});

describe('the API server refuses an integration', () => {
  it.each<[string, Spec, RegExp]>([
    ['with an empty displayName', { displayName: '' }, /spec\.displayName/],
    [
      'with a displayName of 129 characters',
      { displayName: 'd'.repeat(129) },
      /spec\.displayName: Too long/,
    ],
    [
      'with a description of 1,025 characters',
      { description: 'd'.repeat(1025) },
      /spec\.description: Too long/,
    ],
    [
      'of another type',
      { type: 'LDAP' },
      /spec\.type: Unsupported value: "LDAP": supported values: "SCIM2"/,
    ],
    [
      'with a tenant that is not a DNS label',
      { tenant: 'Acme_Inc' },
      /spec\.tenant: Invalid value: "Acme_Inc": must be a DNS label/,
    ],
    ['with a tenant of 64 characters', { tenant: 't'.repeat(64) }, /spec\.tenant: Too long/],
    [
      'with an integrationId of 20 characters',
      { integrationId: ID.slice(1) },
      /spec\.integrationId: Invalid value: .* must be 21 characters/,
    ],
    [
      'with an integrationId that has a slash',
      { integrationId: ID.replace('-', '/') },
      /spec\.integrationId: Invalid value: .* must be 21 characters/,
    ],
    [
      'with an unknown identityProvider',
      { identityProvider: 'Ping' },
      /spec\.identityProvider: Unsupported value/,
    ],
    [
      'with an unknown deletionPolicy',
      { deletionPolicy: 'Keep' },
      /spec\.deletionPolicy: Unsupported value/,
    ],
    [
      'with a secretName that is not an object name',
      { token: { secretName: 'My Secret' } },
      /spec\.token\.secretName: Invalid value: "My Secret": must be the name of a Secret/,
    ],
    [
      'with an empty secretName',
      { token: { secretName: '' } },
      /spec\.token\.secretName: Invalid value: "": must be the name of a Secret/,
    ],
    [
      'with a secretName of 254 characters',
      { token: { secretName: 's'.repeat(254) } },
      /spec\.token\.secretName: Too long/,
    ],
    [
      'with an empty tenant',
      { tenant: '' },
      /spec\.tenant: Invalid value: "": must be a DNS label/,
    ],
    ['with a field of the wrong type', { enabled: 'yes' }, /enabled/],
  ])('%s', async (_, spec, message) => {
    await expect(fixture.create(spec)).rejects.toThrow(message);
  });

  it.each([
    ['with a name of 53 characters', 'n'.repeat(53), /metadata\.name: Too long/],
    [
      'with a dot in its name',
      'a.b',
      /metadata\.name: Invalid value: must be a DNS label: .* without dots/,
    ],
  ])('%s', async (_, name, message) => {
    await expect(fixture.create({}, { name })).rejects.toThrow(message);
  });
});

describe('in the token of an integration, the API server', () => {
  const token = (value: object) => fixture.create({ token: value });

  it.each<[string, object]>([
    ['an interval longer than the default overlap', { rotation: { interval: '25h' } }],
    ['an interval longer than the overlap', { rotation: { interval: '6s', overlap: '2s' } }],
    ['the longest interval', { rotation: { interval: '999999h999999m999999s', overlap: '0s' } }],
    ['an overlap without an interval', { rotation: { overlap: '100h' } }],
    ['an existing Secret', { existingSecret: { name: 'mine', key: 'token' } }],
  ])('accepts %s', async (_, value) => {
    await token(value);
  });

  it.each<[string, object, RegExp]>([
    [
      'an interval as long as the default overlap',
      { rotation: { interval: '24h' } },
      /rotation\.interval: Invalid value: must be longer than overlap/,
    ],
    [
      'an interval shorter than the overlap',
      { rotation: { interval: '1h', overlap: '2h' } },
      /rotation\.interval: Invalid value: must be longer than overlap/,
    ],
    [
      'an interval of zero',
      { rotation: { interval: '0s', overlap: '0s' } },
      /must be longer than overlap/,
    ],
    [
      'an invalid duration',
      { rotation: { interval: '2 days' } },
      /is invalid: spec\.token\.rotation\.interval: Invalid value: "2 days": must be a duration such as/,
    ],
    [
      'a duration with a sign',
      { rotation: { interval: '48h', overlap: '-1h' } },
      /is invalid: spec\.token\.rotation\.overlap: Invalid value: "-1h": must be a duration/,
    ],
    [
      'existingSecret with secretName',
      { existingSecret: { name: 'a', key: 'k' }, secretName: 'b' },
      /existingSecret: Invalid value: cannot be combined with secretName or rotation/,
    ],
    [
      'existingSecret with rotation',
      { existingSecret: { name: 'a', key: 'k' }, rotation: {} },
      /existingSecret: Invalid value: cannot be combined with secretName or rotation/,
    ],
    ['existingSecret without a key', { existingSecret: { name: 'a' } }, /key: Required value/],
  ])('refuses %s', async (_, value, message) => {
    await expect(token(value)).rejects.toThrow(message);
  });
});
