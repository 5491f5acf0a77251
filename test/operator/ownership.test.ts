import { describe, expect, it } from 'vitest';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { generateToken } from '../../src/directory/tokens.ts';
import type { KubeObject } from '../../src/kube/resource.ts';
import { buildRole, buildServiceAccount } from '../../src/operator/integration/objects.ts';
import { isOurChild, isOurRole, otherHolder } from '../../src/operator/ownership.ts';
import { buildTokenSecret } from '../../src/operator/token/objects.ts';
import { buildIntegration } from '../support/integration-objects.ts';

const integration = buildIntegration();
const withUid = (uid: string) => buildIntegration({ metadata: { uid } });
const without = (object: KubeObject, part: 'labels' | 'ownerReferences' | 'annotations') => {
  const { [part]: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

describe('a child', () => {
  const child = buildServiceAccount(integration);

  it.each<[string, boolean, KubeObject]>([
    ['is ours as it was made', true, child],
    ['is ours without its labels', true, without(child, 'labels')],
    [
      'is ours without its owner, as after a deletion that left it',
      true,
      without(child, 'ownerReferences'),
    ],
    [
      'is ours when it was made for an earlier one of the name',
      true,
      buildServiceAccount(withUid('0')),
    ],
    ['is not ours without both', false, without(without(child, 'labels'), 'ownerReferences')],
    [
      'is not ours when it was made for another name',
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
    ['is ours as it was made', true, role],
    ['is ours without its labels', true, without(role, 'labels')],
    ['is ours without its owners', true, without(role, 'ownerReferences')],
    ['is not ours without both', false, without(without(role, 'labels'), 'ownerReferences')],
  ])('%s', (_, expected, object) => {
    expect(isOurRole(object)).toBe(expected);
  });
});

describe('the other holder of a Secret', () => {
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
    ['is the one whose UID it has', secret(entra), [integration, entra], true],
    ['is the one whose name it has', without(secret(entra), 'annotations'), [entra], true],
    [
      'is the one that has its token there',
      bare,
      [saying({ tokenKeyId: 'k', tokenSecretRef })],
      true,
    ],
    ['is the one that uses it as an existing one', bare, [named(bare.metadata.name)], true],
    ['is nobody who only had a token there', bare, [saying({ tokenSecretRef })], false],
    ['is nobody who is being deleted', secret(entra), [going], false],
    ['is nobody where it is its own', secret(integration), [integration, entra], false],
    ['is nobody who only names ours', secret(withUid('0')), [named('okta-scim-token')], false],
  ])('%s', (_, object, integrations, found) => {
    expect(otherHolder(object, integration, integrations)?.metadata.name).toBe(
      found ? 'entra' : undefined,
    );
  });
});
