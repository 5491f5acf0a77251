/**
 * The token and its Secret. Order of writes: the hash goes into the directory, already valid; then the Secret is written; then the hash is
 * confirmed and every other one ends. A crash anywhere leaves a token that works, or none and no Secret, and the next
 * reconcile completes it.
 */
import { secretNameOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { EVENT, REASON, SCIM_INTEGRATIONS } from '../crd/names.ts';
import { generateToken, hashToken, keyIdOf } from '../directory/tokens.ts';
import { ApiError } from '../kube/errors.ts';
import { type KubeObject, keyOf, SECRETS } from '../kube/resource.ts';
import { checkSecret, type FoundToken, isOurs, type Obstacle, textOf, uidOn } from './checks.ts';
import { deleteIfExists, getIfExists, type OperatorContext } from './context.ts';
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
  const found = await getIfExists<Secret>(context.client, SECRETS, key);
  const settled = await settle(context, integration, integrationId, found, paused);
  const secret = settled.written ?? found;
  if (settled.outcome.kind === 'obstacle' || paused || secret === undefined) return settled.outcome;
  await correctDrift(context, integration, integrationId, endpoint, secret);
  await removeFormerSecrets(context, integration);
  return settled.outcome;
}

interface Settled {
  readonly outcome: TokenOutcome;
  /** The Secret after a write. */
  readonly written?: Secret;
}

async function settle(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  secret: Secret | undefined,
  paused: boolean,
): Promise<Settled> {
  const verdict = checkSecret(secret, integration, (uid) => isLive(context, uid));
  if (verdict.kind === 'current') {
    return { outcome: await adopt(context, integration, integrationId, verdict) };
  }
  const former =
    verdict.kind === 'malformed' ? undefined : await findFormerToken(context, integration);
  if (verdict.kind === 'conflict') {
    if (former === undefined && !(await holdsToken(context, integrationId, secret))) {
      await revoke(context, integration, integrationId);
    }
    return { outcome: { kind: 'obstacle', obstacle: verdict.obstacle } };
  }
  if (former !== undefined) {
    return paused
      ? { outcome: await adopt(context, integration, integrationId, former) }
      : move(context, integration, integrationId, former);
  }
  await revoke(context, integration, integrationId);
  return paused
    ? { outcome: { kind: 'obstacle', obstacle: NO_TOKEN } }
    : generate(context, integration, integrationId, secret);
}

const NO_TOKEN: Obstacle = {
  reason: REASON.SecretMissing,
  message: 'there is no token, and none is made now',
};

function isLive({ caches }: OperatorContext, uid: string): boolean {
  return caches.integrations.list().some(({ metadata }) => metadata.uid === uid);
}

/** A Secret that lost its labels, say, is not ours to touch, but still where people read the token. */
async function holdsToken(
  { store }: OperatorContext,
  integrationId: string,
  secret: Secret | undefined,
): Promise<boolean> {
  const token = secret && textOf(secret, 'token');
  return token !== undefined && (await store.tokens.owner(hashToken(token))) === integrationId;
}

/** The Secret wins: its token is the current one, every other ends. */
async function adopt(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  { hash, keyId }: FoundToken,
): Promise<TokenOutcome> {
  const { store, now } = context;
  const owner = await store.tokens.owner(hash);
  if (owner !== undefined && owner !== integrationId) {
    await revoke(context, integration, integrationId);
    const message =
      'the token in the Secret belongs to another integration; delete the Secret to get a new one';
    return { kind: 'obstacle', obstacle: { reason: REASON.InvalidToken, message } };
  }
  const tokens = await store.tokens.list(integrationId);
  const known = tokens.find((token) => token.hash === hash);
  const issuedAt = known?.issuedAt ?? now().getTime();
  if (tokens.length !== 1 || known === undefined || known.pending) {
    const record = { integrationId, keyId, hash, issuedAt, expiresAt: undefined, pending: false };
    await store.tokens.keepOnly(record);
  }
  return { kind: 'issued', keyId, issuedAt: new Date(issuedAt) };
}

/** Ends every token, because no Secret holds one of them. */
async function revoke(
  { store, events }: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
): Promise<void> {
  if ((await store.tokens.list(integrationId)).length === 0) return;
  await store.tokens.revokeAll(integrationId);
  // Without a key id in the status the hash is left of a start that didn't finish: nobody had that token.
  if (integration.status?.tokenKeyId === undefined) return;
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
): Promise<Settled> {
  const { store, now, events } = context;
  await expectStillThere(context, integration);
  const token = generateToken();
  const [hash, keyId, issuedAt] = [hashToken(token), keyIdOf(token), now()];
  const record = { integrationId, keyId, hash, issuedAt: issuedAt.getTime(), expiresAt: undefined };
  await store.tokens.add({ ...record, pending: true });
  const written = await writeToken(context, integration, token, replaced);
  await store.tokens.keepOnly({ ...record, pending: false });
  events.record(integration, {
    type: 'Normal',
    reason: EVENT.TokenGenerated,
    action: 'GenerateToken',
    note: `Generated the token ${keyId} into the Secret ${secretNameOf(integration)}`,
  });
  return { outcome: { kind: 'issued', keyId, issuedAt }, written };
}

/** Where the cache is behind, the namespace may be somebody else's by now, who must not read a token of the one before. */
async function expectStillThere(
  { client }: OperatorContext,
  { metadata }: KubeIntegration,
): Promise<void> {
  const { namespace, name, uid } = metadata;
  const live = await client.get<KubeObject>(SCIM_INTEGRATIONS, { namespace, name });
  if (live.metadata.uid === uid) return;
  throw new ApiError(409, `another integration ${name} took its place`, { reason: 'Conflict' });
}

/** Somebody else's write in between fails the reconcile; the next one reads what they wrote. */
async function writeToken(
  { client }: OperatorContext,
  integration: KubeIntegration,
  token: string,
  replaced: Secret | undefined,
): Promise<Secret> {
  const secret = buildTokenSecret(integration, token);
  if (replaced === undefined) return client.create(SECRETS, secret, TOKEN_FIELD_MANAGER);
  const { resourceVersion } = replaced.metadata;
  const patch = { metadata: { resourceVersion }, data: { token: secret.data?.token } };
  const options = { fieldManager: TOKEN_FIELD_MANAGER };
  return client.mergePatch<Secret>(SECRETS, keyOf(replaced), patch, options);
}

/** `spec.token.secretName` changed: the same token goes to the new Secret. */
async function move(
  context: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  former: FoundToken,
): Promise<Settled> {
  const outcome = await adopt(context, integration, integrationId, former);
  if (outcome.kind === 'obstacle') return { outcome };
  return { outcome, written: await writeToken(context, integration, former.token, undefined) };
}

/** Of Secrets made for this very integration under another name: what the cache knows, and what the status says should it know more. */
function formerNames({ caches }: OperatorContext, integration: KubeIntegration): Set<string> {
  const { namespace, uid } = integration.metadata;
  const cached = caches.secrets.list(namespace).filter((secret) => uidOn(secret) === uid);
  const names = new Set(cached.map(({ metadata }) => metadata.name));
  const told = integration.status?.tokenSecretRef?.name;
  if (told !== undefined) names.add(told);
  names.delete(secretNameOf(integration));
  return names;
}

async function formerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<readonly Secret[]> {
  const { namespace, uid } = integration.metadata;
  const found: Secret[] = [];
  for (const name of formerNames(context, integration)) {
    const secret = await getIfExists<Secret>(context.client, SECRETS, { namespace, name });
    if (secret && isOurs(secret, integration) && uidOn(secret) === uid) found.push(secret);
  }
  return found;
}

async function findFormerToken(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<FoundToken | undefined> {
  for (const secret of await formerSecrets(context, integration)) {
    const verdict = checkSecret(secret, integration, () => false);
    if (verdict.kind === 'current') return verdict;
  }
  return undefined;
}

async function removeFormerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<void> {
  for (const secret of await formerSecrets(context, integration)) {
    await deleteIfExists(context.client, SECRETS, keyOf(secret), secret.metadata.uid);
  }
}

/** Applied to this very Secret as it was read: one that took its place meanwhile is left alone, and none is made. */
async function correctDrift(
  { client, events }: OperatorContext,
  integration: KubeIntegration,
  integrationId: string,
  endpoint: string,
  secret: Secret,
): Promise<void> {
  const frame = buildSecretFrame(integration, endpoint, integrationId);
  if (contains(secret, frame)) return;
  const { uid = '', resourceVersion = '' } = secret.metadata;
  const metadata = { ...frame.metadata, uid, resourceVersion };
  await client.apply(SECRETS, { ...frame, metadata }, FIELD_MANAGER);
  // A Secret that was made a moment ago is completed, not corrected.
  if (secret.data?.endpoint === undefined) return;
  events.record(integration, {
    type: 'Normal',
    reason: EVENT.DriftCorrected,
    action: 'CorrectDrift',
    note: `Corrected the Secret ${frame.metadata.name}`,
  });
}
