import { describe, expect, it } from 'vitest';
import { generateToken } from '../../../src/directory/tokens.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { checkExistingSecret } from '../../../src/operator/token/check-existing-secret.ts';
import { buildTokenSecret } from '../../../src/operator/token/objects.ts';
import { buildIntegration } from '../../support/operator/integration-objects.ts';

const REF = { name: 'mine', key: 'scim-token' };
const TOKEN = 'correct-horse-battery-staple-and-more!';
const LABELS = { 'scim-operator.dev/token': 'true' };

const secretOf = (token: string | undefined, labels: Record<string, string> = LABELS): Secret => ({
  metadata: { namespace: 'acme', name: 'mine', labels },
  type: 'Opaque',
  data: token === undefined ? {} : { 'scim-token': Buffer.from(token).toString('base64') },
});

const generated = buildTokenSecret(buildIntegration(), generateToken());

describe('an existing Secret', () => {
  it.each([
    ['a token', TOKEN],
    ['a token of 32 characters', 'x'.repeat(32)],
    ['a token of 1,024 characters', '~'.repeat(1_024)],
    ['a token in the form that the operator generates', generateToken()],
  ])('with %s is used', (_, token) => {
    expect(checkExistingSecret(secretOf(token), REF)).toEqual({ kind: 'usable', token });
  });

  it.each<[string, Secret | undefined, string, RegExp]>([
    [
      'that is missing',
      undefined,
      'SecretMissing',
      /no Secret mine .* create it, or add the label/,
    ],
    [
      'without the label',
      secretOf(TOKEN, {}),
      'SecretMissing',
      /with the label scim-operator\.dev\/token: "true"/,
    ],
    [
      'with another value of the label',
      secretOf(TOKEN, { 'scim-operator.dev/token': 'yes' }),
      'SecretMissing',
      /"true"/,
    ],
    ['without the key', secretOf(undefined), 'InvalidToken', /no key scim-token; add it/],
    ['with an empty token', secretOf(''), 'InvalidToken', /32 to 1,024/],
    ['with a token of 31 characters', secretOf('x'.repeat(31)), 'InvalidToken', /32 to 1,024/],
    [
      'with a token of 1,025 characters',
      secretOf('x'.repeat(1_025)),
      'InvalidToken',
      /32 to 1,024/,
    ],
    [
      'with a trailing line break',
      secretOf(`${TOKEN}\n`),
      'InvalidToken',
      /without a trailing line break/,
    ],
    ['with a space in it', secretOf(`${TOKEN} ${TOKEN}`), 'InvalidToken', /without spaces/],
    ['with characters beyond ASCII', secretOf('ü'.repeat(40)), 'InvalidToken', /visible ASCII/],
    [
      'that the operator created',
      {
        ...generated,
        metadata: { ...generated.metadata, labels: { ...LABELS, ...generated.metadata.labels } },
      },
      'SecretConflict',
      /name a Secret that you manage yourself/,
    ],
    [
      'that the operator created and that lost its labels',
      { ...generated, metadata: { ...generated.metadata, labels: LABELS } },
      'SecretConflict',
      /name a Secret that you manage yourself/,
    ],
  ])('%s is not used, and its token is not shown', (_, secret, reason, message) => {
    const verdict = checkExistingSecret(secret, REF);
    expect(verdict).toMatchObject({
      kind: 'unusable',
      obstacle: { reason, message: expect.stringMatching(message) },
    });
    expect(JSON.stringify(verdict)).not.toMatch(/xxxx|correct-horse|üüüü/);
  });

  it.each(['constructor', '__proto__', 'toString'])('has no inherited key %s', (key) => {
    expect(checkExistingSecret(secretOf(TOKEN), { name: 'mine', key })).toMatchObject({
      kind: 'unusable',
      obstacle: { reason: 'InvalidToken' },
    });
  });

  it('that is missing gets the same verdict as one without the label', () => {
    expect(checkExistingSecret(undefined, REF)).toEqual(
      checkExistingSecret(secretOf(TOKEN, {}), REF),
    );
  });
});
