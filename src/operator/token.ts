/**
 * The token and its Secret. Order of writes: the hash goes into the directory, already valid; then the Secret is written; then the hash is
 * confirmed and every other one ends. A crash anywhere leaves a token that works, or none and no Secret, and the next
 * reconcile completes it.
 */
import { secretNameOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { EVENT, LABEL_INTEGRATION, REASON } from '../crd/names.ts';
import { generateToken, hashToken, keyIdOf } from '../directory/tokens.ts';
import { isAlreadyExists } from '../kube/errors.ts';
import { SECRETS } from '../kube/resource.ts';
import {
  checkSecret,
  type FoundToken,
  type Obstacle,
  type SecretVerdict,
  uidOn,
} from './checks.ts';
import { getIfExists, type OperatorContext } from './context.ts';
import { contains } from './drift.ts';
import {
  buildSecretFrame,
  buildTokenSecret,
  FIELD_MANAGER,
  type Secret,
  TOKEN_FIELD_MANAGER,
} from './objects.ts';

export type TokenOutcome =
  | { readonly kind: 'issued'; readonly keyId: string; readonly issuedAt: Date }
  | { readonly kind: 'obstacle'; readonly obstacle: Obstacle };

/** `paused` still revokes what has lost its Secret, but makes none. */
export async function reconcileToken(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  endpoint: string,
  paused: boolean,
): Promise<TokenOutcome> {
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  const verdict = checkSecret(secret, integration, liveUids(context));
  const outcome = await settle(context, integration, integrationId, secret, verdict, paused);
  if (outcome.kind === 'obstacle' || paused) return outcome;
  await correctDrift(context, integration, integrationId, endpoint, secret);
  await removeFormerSecrets(context, integration);
  return outcome;
}

function liveUids({ caches }: OperatorContext): ReadonlySet<string> {
  return new Set(caches.integrations.list().map(({ metadata }) => metadata.uid));
}

async function settle(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  secret: Secret | undefined,
  verdict: SecretVerdict,
  paused: boolean,
): Promise<TokenOutcome> {
  switch (verdict.kind) {
    case 'conflict':
      return { kind: 'obstacle', obstacle: verdict.obstacle };
    case 'current':
      return adopt(context, integrationId, verdict);
    case 'missing': {
      const former = await findFormerToken(context, integration);
      if (former !== undefined && !paused) return move(context, integration, integrationId, former);
      if (former === undefined) await revoke(context, integration, integrationId);
      return paused ? missing() : generate(context, integration, integrationId, undefined);
    }
    case 'malformed':
      await revoke(context, integration, integrationId);
      return paused ? missing() : generate(context, integration, integrationId, secret);
  }
}

const missing = (): TokenOutcome => ({
  kind: 'obstacle',
  obstacle: {
    reason: REASON.SecretMissing,
    message: 'there is no token, and reconciling is paused',
  },
});

/** The Secret wins: its token is the current one, every other ends. */
async function adopt(
  { store, now }: OperatorContext,
  integrationId: string,
  { hash, keyId }: FoundToken,
): Promise<TokenOutcome> {
  const owner = await store.tokens.owner(hash);
  if (owner !== undefined && owner !== integrationId) {
    const message = `the token in the Secret belongs to another integration; delete the Secret to get a new one`;
    return { kind: 'obstacle', obstacle: { reason: REASON.InvalidToken, message } };
  }
  const tokens = await store.tokens.list(integrationId);
  const known = tokens.find((token) => token.hash === hash);
  const issuedAt = known?.issuedAt ?? now().getTime();
  if (tokens.length !== 1 || known === undefined || known.pending) {
    await store.tokens.keepOnly({
      integrationId,
      keyId,
      hash,
      issuedAt,
      expiresAt: undefined,
      pending: false,
    });
  }
  return { kind: 'issued', keyId, issuedAt: new Date(issuedAt) };
}

async function revoke(
  { store, events }: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
): Promise<void> {
  const revoked = await store.tokens.revokeAll(integrationId);
  // Without a key id in the status the hash is left of a start that didn't finish: nobody had that token.
  if (revoked === 0 || integration.status?.tokenKeyId === undefined) return;
  events.record(integration, {
    type: 'Warning',
    reason: EVENT.TokenRevoked,
    action: 'RevokeToken',
    note: `The Secret ${secretNameOf(integration)} no longer holds the token ${integration.status.tokenKeyId}, so it was revoked`,
  });
}

/** `replaced` is our Secret with something that is no token. */
async function generate(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  replaced: Secret | undefined,
): Promise<TokenOutcome> {
  const { store, now, events } = context;
  const token = generateToken();
  const [hash, keyId, issuedAt] = [hashToken(token), keyIdOf(token), now()];
  const record = { integrationId, keyId, hash, issuedAt: issuedAt.getTime(), expiresAt: undefined };
  await store.tokens.add({ ...record, pending: true });
  await writeToken(context, integration, token, replaced);
  await store.tokens.keepOnly({ ...record, pending: false });
  events.record(integration, {
    type: 'Normal',
    reason: EVENT.TokenGenerated,
    action: 'GenerateToken',
    note: `Generated the token ${keyId} into the Secret ${secretNameOf(integration)}`,
  });
  return { kind: 'issued', keyId, issuedAt };
}

/** Somebody else's write in between fails the reconcile; the next one reads what they wrote. */
async function writeToken(
  { client }: OperatorContext,
  integration: KubeIntegration,
  token: string,
  replaced: Secret | undefined,
): Promise<void> {
  const secret = buildTokenSecret(integration, token);
  if (replaced === undefined) {
    await client.create(SECRETS, secret, TOKEN_FIELD_MANAGER);
    return;
  }
  const { namespace, name, resourceVersion } = replaced.metadata;
  const patch = { metadata: { resourceVersion }, data: { token: secret.data?.token } };
  await client.mergePatch(
    SECRETS,
    namespace === undefined ? { name } : { namespace, name },
    patch,
    {
      fieldManager: TOKEN_FIELD_MANAGER,
    },
  );
}

/** `spec.token.secretName` changed: the same token goes to the new Secret. */
async function move(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  former: FoundToken,
): Promise<TokenOutcome> {
  try {
    await context.client.create(
      SECRETS,
      buildTokenSecret(integration, former.token),
      TOKEN_FIELD_MANAGER,
    );
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  return adopt(context, integrationId, former);
}

/** Secrets made for this very integration under another name. */
function formerSecrets({ caches }: OperatorContext, integration: KubeIntegration) {
  const { namespace, name, uid } = integration.metadata;
  return caches.secrets
    .list(namespace)
    .filter(
      (secret) =>
        secret.metadata.labels?.[LABEL_INTEGRATION] === name &&
        uidOn(secret) === uid &&
        secret.metadata.name !== secretNameOf(integration),
    );
}

async function findFormerToken(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<FoundToken | undefined> {
  for (const { metadata } of formerSecrets(context, integration)) {
    const key = { namespace: integration.metadata.namespace, name: metadata.name };
    const secret = await getIfExists<Secret>(context.client, SECRETS, key);
    const verdict = checkSecret(secret, integration, new Set());
    if (verdict.kind === 'current') return verdict;
  }
  return undefined;
}

async function removeFormerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<void> {
  const { namespace } = integration.metadata;
  for (const { metadata } of formerSecrets(context, integration)) {
    const live = await getIfExists<Secret>(context.client, SECRETS, {
      namespace,
      name: metadata.name,
    });
    if (live === undefined || uidOn(live) !== integration.metadata.uid) continue;
    await context.client.delete(SECRETS, { namespace, name: metadata.name }, live.metadata.uid);
  }
}

async function correctDrift(
  { client, events }: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  endpoint: string,
  found: Secret | undefined,
): Promise<void> {
  const frame = buildSecretFrame(integration, endpoint, integrationId);
  if (found !== undefined && contains(found, frame)) return;
  await client.apply(SECRETS, frame, FIELD_MANAGER);
  // A Secret that was made a moment ago is completed, not corrected.
  if (found?.data?.endpoint === undefined) return;
  events.record(integration, {
    type: 'Normal',
    reason: EVENT.DriftCorrected,
    action: 'CorrectDrift',
    note: `Corrected the Secret ${frame.metadata.name}`,
  });
}
