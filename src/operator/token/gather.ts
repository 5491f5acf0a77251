/**
 * Reads everything that the decision about a token depends on, once. The token's protocol:
 *
 *     is the Secret as remembered, and no rotation due? ── yes ──► confirmToken
 *       │ no
 *       ▼
 *     read the Secret that the spec names
 *       ├─ it has our token, and a rotation is due ──────────────► rotateToken
 *       ├─ it has our token ─────────────────────────────────────► keepToken
 *       ├─ it has another integration's token ───────────────────► revokeWithoutSecret
 *       ├─ it is ours and has no token ──────────────────────────► replaceMalformedToken
 *       ├─ it is missing
 *       │    ├─ a Secret of a former name has the token ─────────► moveTokenToNewSecret
 *       │    └─ no Secret has one ───────────────────────────────► generateFirstToken
 *       ├─ it isn't ours, or is being deleted
 *       │    ├─ our token is still in a Secret ──────────────────► keepTokenDespiteObstacle
 *       │    └─ it is in none ───────────────────────────────────► revokeWithoutSecret
 *       └─ users keep it (spec.token.existingSecret)
 *            ├─ it has a usable token ───────────────────────────► useExistingToken
 *            └─ it has none, or another integration's
 *                 ├─ a Secret of ours still has our token ───────► keepTokenDespiteObstacle
 *                 └─ none has ───────────────────────────────────► revokeWithoutSecret
 *
 * While reconciling is paused, no Secret is written. The plan is then keepTokenWhilePaused,
 * keepTokenInFormerSecret instead of a move, or revokeWithoutSecret instead of a new token. A new
 * token also waits while others keep changing what is written.
 */
import { type SecretKeyRef, secretNameOf } from '../../crd/defaults.ts';
import { getIfExists } from '../../kube/client.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import { otherHolder } from '../ownership.ts';
import { checkExistingSecret, foundInExisting } from './check-existing-secret.ts';
import { checkSecret, foundToken, type ReadToken } from './check-secret.ts';
import { findFormerToken } from './former-secrets.ts';
import type { TokenSubject } from './hashes.ts';
import { TOKEN_PART } from './objects.ts';
import {
  formerTokenMatters,
  rememberedSecretIsEnough,
  type SecretState,
  type TokenInput,
  tokenIsInDirectory,
} from './plan.ts';

export async function gatherToken(subject: TokenSubject, endpoint: string): Promise<TokenInput> {
  const { context, readSecrets, integration, integrationId, paused } = subject;
  const tokens = await context.store.tokens.list(integrationId);
  const start = (secret: SecretState): TokenInput => ({
    integration,
    integrationId,
    paused,
    secret,
    former: undefined,
    tokens,
    otherOwners: new Map(),
    postponed: context.contentions.postponed(
      integration.metadata.uid,
      SECRETS,
      secretNameOf(integration),
      TOKEN_PART,
    ),
    now: context.now().getTime(),
  });
  const existing = integration.spec?.token?.existingSecret;
  if (existing !== undefined) {
    const input = start(await readExistingSecret(subject, existing));
    return withFormerToken(subject, await withHolder(subject, input));
  }
  const found = readSecrets.recall(integration, endpoint);
  if (found !== undefined) {
    const input = await withOwner(subject, start({ kind: 'remembered', found }), found);
    if (rememberedSecretIsEnough(input, found)) return input;
  }
  const secret = await readOwnSecret(subject);
  const token = secret.kind === 'current' ? secret.found : undefined;
  return withFormerToken(subject, await withOwner(subject, start(secret), token));
}

async function readOwnSecret({ context, integration }: TokenSubject): Promise<SecretState> {
  const key = { namespace: integration.metadata.namespace, name: secretNameOf(integration) };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  if (secret === undefined) return { kind: 'missing' };
  const verdict = checkSecret(secret, integration, (found) =>
    otherHolder(found, integration, context.caches.integrations.list()),
  );
  switch (verdict.kind) {
    case 'current':
      return { ...verdict, secret };
    case 'malformed':
      return { kind: 'malformed', secret };
    case 'going':
      return { kind: 'obstructed', obstacle: verdict.obstacle, found: undefined };
    case 'conflict': {
      const token = textOf(secret, 'token');
      const found = token === undefined ? undefined : foundToken(token);
      return { kind: 'obstructed', obstacle: verdict.obstacle, found };
    }
  }
}

async function readExistingSecret(
  { context, integration }: TokenSubject,
  ref: SecretKeyRef,
): Promise<SecretState> {
  const key = { namespace: integration.metadata.namespace, name: ref.name };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  const verdict = checkExistingSecret(secret, ref);
  return verdict.kind === 'unusable'
    ? verdict
    : { kind: 'existing', found: foundInExisting(verdict.token), holder: undefined };
}

/** Adds the other integration that has the token, if one does. */
async function withOwner(
  { context: { store }, integrationId }: TokenSubject,
  input: TokenInput,
  found: ReadToken | undefined,
): Promise<TokenInput> {
  if (found === undefined || tokenIsInDirectory(input, found)) return input;
  const owner = await store.tokens.owner(found.hash);
  if (owner === undefined || owner === integrationId) return input;
  return { ...input, otherOwners: new Map([...input.otherOwners, [found.hash, owner]]) };
}

/** Adds the neighbour that has the token of an existing Secret. */
async function withHolder(subject: TokenSubject, input: TokenInput): Promise<TokenInput> {
  if (input.secret.kind !== 'existing') return input;
  const { context, integration } = subject;
  const owned = await withOwner(subject, input, input.secret.found);
  const owner = owned.otherOwners.get(input.secret.found.hash);
  if (owner === undefined) return owned;
  const record = await context.store.integrations.get(owner);
  const { namespace } = integration.metadata;
  const isNeighbour =
    record?.namespace === namespace &&
    context.caches.integrations.get({ namespace, name: record.name })?.metadata.uid === record.uid;
  return isNeighbour ? { ...owned, secret: { ...input.secret, holder: record.name } } : owned;
}

async function withFormerToken(subject: TokenSubject, input: TokenInput): Promise<TokenInput> {
  if (!formerTokenMatters(input)) return input;
  const former = await findFormerToken(subject.context, subject.integration);
  return withOwner(subject, { ...input, former }, former);
}
