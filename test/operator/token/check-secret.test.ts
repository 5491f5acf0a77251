import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import type { IntegrationRecord } from '../../../src/directory/store/integrations.ts';
import { generateToken, hashToken, keyIdOf } from '../../../src/directory/tokens.ts';
import { type Secret, textOf } from '../../../src/kube/objects.ts';
import { checkId, knownId } from '../../../src/operator/integration/identity.ts';
import { checkSecret } from '../../../src/operator/token/check-secret.ts';
import { buildSecretFrame, buildTokenSecret } from '../../../src/operator/token/objects.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const ID = 'an_id_of_21_character';
const OTHER_ID = 'another_id_of_21_char';
const TOKEN = generateToken();

const record = (changes: Partial<IntegrationRecord> = {}): IntegrationRecord => ({
  id: ID,
  clusterUid: 'cluster',
  namespace: 'acme',
  name: 'okta',
  tenant: 'acme',
  uid: 'uid-1',
  namespaceUid: 'ns-1',
  enabled: true,
  allowed: true,
  deletionPolicy: 'Retain',
  endedAt: undefined,
  ...changes,
});

const secretOf = (integration = buildIntegration(), token = TOKEN): Secret =>
  buildTokenSecret(integration, token);

const withUid = (uid: string) => buildIntegration({ metadata: { uid } });

describe('the id', () => {
  const secret = buildSecretFrame(buildIntegration(), 'https://x', OTHER_ID);
  const pinned = { integrationId: 'a_pinned_id_of_21_chr' };
  const status = { integrationId: 'the_id_in_the_status_' };

  it.each([
    ['is the one in the directory', { spec: pinned, status }, record(), secret, ID],
    [
      'is otherwise the pinned one',
      { spec: pinned, status },
      undefined,
      secret,
      pinned.integrationId,
    ],
    ['is otherwise the one in the status', { status }, undefined, secret, status.integrationId],
    ['is otherwise the one in the restored Secret', {}, undefined, secret, OTHER_ID],
    ['is otherwise unknown', {}, undefined, undefined, undefined],
  ])('%s', (_, changes, known, found, id) => {
    expect(knownId(buildIntegration(changes), known, found)).toBe(id);
  });

  it.each([
    ['in a foreign Secret is ignored', { ...secret, metadata: { name: 'x', labels: {} } }],
    ['that is malformed is ignored', { ...secret, data: { integrationId: 'Li4v' } }],
  ])('%s', (_, found) => {
    expect(knownId(buildIntegration(), undefined, found)).toBeUndefined();
  });

  it.each([
    ['is free when no integration has it', undefined, undefined, {}, false],
    ['is free when it is its own', record(), record(), {}, false],
    ['is taken when a live integration has it', record({ uid: 'uid-2' }), undefined, {}, true],
    [
      'is free again after the end in the same tenant',
      record({ endedAt: 1 }),
      undefined,
      {},
      false,
    ],
    [
      'is taken when it ended in another tenant',
      record({ endedAt: 1, tenant: 'globex' }),
      undefined,
      {},
      true,
    ],
    [
      'cannot be changed by a pin',
      record(),
      record(),
      { integrationId: 'a_pinned_id_of_21_chr' },
      true,
    ],
  ])('%s', (_, holder, known, spec, conflict) => {
    const obstacle = checkId(buildIntegration({ spec }), ID, holder, known);
    expect(obstacle?.reason).toBe(conflict ? 'IntegrationIdConflict' : undefined);
  });
});

describe('a Secret', () => {
  const integration = buildIntegration();
  const nobody = () => undefined;

  it.each<[string, Secret]>([
    ['of this integration', secretOf()],
    ['of this integration without its labels', strip(secretOf(), 'labels')],
    ['of an earlier integration of this name', secretOf(withUid('uid-0'))],
    ['with our labels and without a UID', strip(secretOf(), 'annotations')],
  ])('%s is current, with its token', (_, secret) => {
    expect(checkSecret(secret, integration, nobody)).toEqual({
      kind: 'current',
      found: {
        token: TOKEN,
        hash: hashToken(TOKEN),
        keyId: keyIdOf(TOKEN),
        rotated: undefined,
        replaced: undefined,
      },
    });
  });

  it('says which rotation its token was generated for', () => {
    const secret = buildTokenSecret(integration, TOKEN, { rotated: 'v7' });
    expect(checkSecret(secret, integration, nobody)).toMatchObject({ found: { rotated: 'v7' } });
  });

  it('says which token was replaced, until somebody writes another token into it', () => {
    const replaced = { keyId: 'before0000', at: Date.UTC(2026, 2, 1) };
    const secret = buildTokenSecret(integration, TOKEN, { replaced });
    expect(checkSecret(secret, integration, nobody)).toMatchObject({ found: { replaced } });
    const theirs = `scim_theirs0000_${'b'.repeat(184)}`;
    const data = { token: Buffer.from(theirs).toString('base64') };
    expect(checkSecret({ ...secret, data }, integration, nobody)).toMatchObject({
      kind: 'current',
      found: { replaced: undefined },
    });
  });

  it.each<[string, Secret, RegExp]>([
    [
      'without labels and UID',
      strip(strip(secretOf(), 'labels'), 'annotations'),
      /was not created for this integration; .* delete the Secret if nobody uses it/,
    ],
    [
      'of an integration of another name that no longer exists',
      secretOf(named('gone', 'uid-9')),
      /was not created for this integration/,
    ],
    [
      'of another type',
      { ...secretOf(), type: 'kubernetes.io/service-account-token' },
      /instead of Opaque; delete it/,
    ],
  ])('%s is a conflict that never shows the token', (_, secret, message) => {
    const verdict = checkSecret(secret, integration, nobody);
    const obstacle = { reason: 'SecretConflict', message: expect.stringMatching(message) };
    expect(verdict).toMatchObject({ kind: 'conflict', obstacle });
    expect(JSON.stringify(verdict)).not.toContain(TOKEN);
  });

  it.each<[string, KubeIntegration, string]>([
    ['in this namespace', named('entra', 'uid-2'), 'belongs to ScimIntegration entra;'],
    [
      'in another namespace',
      buildIntegration({ metadata: { namespace: 'globex', uid: 'uid-2' } }),
      'belongs to an integration in another namespace;',
    ],
  ])(
    'of another integration %s is a conflict, and the advice does not harm that integration',
    (_, other, whose) => {
      const verdict = checkSecret(secretOf(other), integration, () => other);
      const message = expect.stringMatching(
        new RegExp(`${whose} set spec.token.secretName to another`),
      );
      expect(verdict).toMatchObject({
        kind: 'conflict',
        obstacle: { reason: 'SecretConflict', message },
      });
      expect(JSON.stringify(verdict)).not.toContain('delete');
    },
  );

  it.each<[string, Secret, RegExp]>([
    ['ours', going(secretOf(), 'example.com/a'), /the finalizer example\.com\/a holds it;/],
    [
      'foreign',
      going(strip(strip(secretOf(), 'labels'), 'annotations'), 'a', 'b'),
      /the finalizers a, b hold it;/,
    ],
    ['held by nothing', going(secretOf()), /is being deleted; a new token is generated/],
  ])(
    'that is being deleted counts as gone, though its name is not free: %s',
    (_, secret, message) => {
      expect(checkSecret(secret, integration, nobody)).toMatchObject({
        kind: 'going',
        obstacle: { reason: 'SecretMissing', message: expect.stringMatching(message) },
      });
    },
  );

  it.each([
    ['no token', undefined],
    ['an empty token', ''],
    ['a truncated token', TOKEN.slice(0, -1)],
    ['a token with a line break', `${TOKEN}\n`],
    ['a token in another form', 'hunter2'],
    ['bytes that are not text', '\u{fffd}\u{0}'],
  ])('with %s is malformed', (_, token) => {
    const { data: _data, ...bare } = secretOf();
    const secret = token === undefined ? bare : secretOf(integration, token);
    expect(checkSecret(secret, integration, nobody)).toEqual({ kind: 'malformed' });
  });
});

function named(name: string, uid: string) {
  return buildIntegration({ metadata: { name, uid } });
}

function strip(secret: Secret, part: 'labels' | 'annotations'): Secret {
  expect(textOf(secret, 'token')).toBe(TOKEN);
  return { ...secret, metadata: { ...secret.metadata, [part]: {} } };
}

function going({ metadata, ...rest }: Secret, ...finalizers: string[]): Secret {
  return {
    ...rest,
    metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers },
  };
}
