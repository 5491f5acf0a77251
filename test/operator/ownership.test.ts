import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { generateToken } from '../../src/directory/tokens.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { buildRole, buildServiceAccount } from '../../src/operator/integration/objects.ts';
import { isOurChild, isOurRole, otherHolder } from '../../src/operator/ownership.ts';
import { buildTokenSecret } from '../../src/operator/token/objects.ts';
import { buildIntegration } from '../support/operator/integration-objects.ts';

const integration = buildIntegration();
const withUid = (uid: string) => buildIntegration({ metadata: { uid } });
const without = (object: KubeObject, part: 'labels' | 'ownerReferences' | 'annotations') => {
  const { [part]: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

describe('an object created for an integration', () => {
  const child = buildServiceAccount(integration);

  it.each<[string, boolean, KubeObject]>([
    ['is owned as it was created', true, child],
    ['is owned without its labels', true, without(child, 'labels')],
    [
      'is owned without its owner reference, as after an orphaning deletion',
      true,
      without(child, 'ownerReferences'),
    ],
    [
      'is owned if it was created for a predecessor of the same name',
      true,
      buildServiceAccount(withUid('0')),
    ],
    ['is not owned without either', false, without(without(child, 'labels'), 'ownerReferences')],
    [
      'is not owned if it was created for an integration of another name',
      false,
      buildServiceAccount(buildIntegration({ metadata: { name: 'entra', uid: 'uid-2' } })),
    ],
  ])('%s', (_, expected, object) => {
    expect(isOurChild(object, integration)).toBe(expected);
  });
});

describe('the Role of a namespace', () => {
  const role = buildRole('acme', [integration]);

  it.each<[string, boolean, KubeObject]>([
    ['is owned as it was created', true, role],
    ['is owned without its labels', true, without(role, 'labels')],
    ['is owned without its owner references', true, without(role, 'ownerReferences')],
    ['is not owned without either', false, without(without(role, 'labels'), 'ownerReferences')],
  ])('%s', (_, expected, object) => {
    expect(isOurRole(object)).toBe(expected);
  });
});

describe('the other integration that uses a Secret', () => {
  const entra = buildIntegration({ metadata: { name: 'entra', uid: 'uid-2' } });
  const secret = (of: KubeIntegration) => buildTokenSecret(of, generateToken());
  const bare = without(without(secret(entra), 'labels'), 'annotations');
  const named = (existing: string) =>
    buildIntegration({
      metadata: entra.metadata,
      spec: { token: { existingSecret: { name: existing, key: 'token' } } },
    });
  const saying = (status: NonNullable<KubeIntegration['status']>) =>
    buildIntegration({ metadata: entra.metadata, status });
  const tokenSecretRef = { name: bare.metadata.name, key: 'token' };
  const going = {
    ...entra,
    metadata: { ...entra.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
  };

  it.each<[string, KubeObject, KubeIntegration[], boolean]>([
    ['is the one whose UID the Secret contains', secret(entra), [integration, entra], true],
    [
      'is the one whose name the Secret contains',
      without(secret(entra), 'annotations'),
      [entra],
      true,
    ],
    [
      'is the one whose status says that its token is there',
      bare,
      [saying({ tokenKeyId: 'k', tokenSecretRef })],
      true,
    ],
    ['is the one that names it as its existingSecret', bare, [named(bare.metadata.name)], true],
    ['is never one that no longer has a token there', bare, [saying({ tokenSecretRef })], false],
    ['is never one that is being deleted', secret(entra), [going], false],
    [
      'is not found if the Secret belongs to the integration itself',
      secret(integration),
      [integration, entra],
      false,
    ],
    [
      'is never one that names a Secret of the integration as its existingSecret',
      secret(withUid('0')),
      [named('okta-scim-token')],
      false,
    ],
  ])('%s', (_, object, integrations, found) => {
    expect(otherHolder(object, integration, integrations)?.metadata.name).toBe(
      found ? 'entra' : undefined,
    );
  });
});
