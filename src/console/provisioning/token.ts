/** The token of an integration, which is shown once. */
import { setTimeout } from 'node:timers/promises';
import { ANNOTATION_INTEGRATION_UID, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { TokenRecord } from '../../directory/store/tokens.ts';
import { hashToken, isWellFormedToken, keyIdOf } from '../../directory/tokens.ts';
import { getIfExists } from '../../kube/client.ts';
import { type Secret, textOf } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import type { ConsoleContext } from '../context.ts';

type Context = Pick<ConsoleContext, 'store' | 'client' | 'now'>;

/** The last token first. */
export async function tokensOf(
  { store }: Pick<ConsoleContext, 'store'>,
  integrationId: string,
): Promise<readonly TokenRecord[]> {
  const tokens = await store.tokens.list(integrationId);
  return tokens.toSorted((a, b) => b.issuedAt - a.issuedAt);
}

/** Whether the operator made the token, so that the console may show it. */
export const isGenerated = ({ spec }: KubeIntegration): boolean =>
  spec?.token?.existingSecret === undefined;

/**
 * Returns the current token if `claim` returns true for its key id, which is asked last and at most
 * once. Undefined as well while there is no token that works, or if somebody else maintains it.
 */
export async function revealToken(
  context: Context,
  integration: KubeIntegration,
  claim: (integrationId: string, keyId: string) => Promise<boolean>,
): Promise<string | undefined> {
  const { metadata, status } = integration;
  const { integrationId, tokenSecretRef } = status ?? {};
  if (integrationId === undefined || tokenSecretRef === undefined || !isGenerated(integration))
    return undefined;
  const key = { namespace: metadata.namespace, name: tokenSecretRef.name };
  const secret = await getIfExists<Secret>(context.client, SECRETS, key);
  if (secret?.metadata.annotations?.[ANNOTATION_INTEGRATION_UID] !== metadata.uid) return undefined;
  const token = textOf(secret, 'token');
  if (token === undefined || !isWellFormedToken(token)) return undefined;
  const owner = await context.store.tokens.owner(hashToken(token));
  if (owner !== integrationId) return undefined;
  return (await claim(integrationId, keyIdOf(token))) ? token : undefined;
}

/** Reveals the token to a visitor of the console, if nobody has seen it there. */
export const revealOnce = (
  context: Context,
  integration: KubeIntegration,
): Promise<string | undefined> =>
  revealToken(context, integration, (id, keyId) =>
    context.store.tokens.markShown(id, keyId, context.now()),
  );

/** How long a form waits for the operator, which usually takes some milliseconds. */
const PATIENCE_MS = 5_000;
const STEP_MS = 100;

/**
 * Waits until the status of the integration names another token than `previous`. Returns the
 * integration as it was last read.
 */
export async function awaitToken(
  { client }: Pick<Context, 'client'>,
  integration: KubeIntegration,
  previous: string | undefined,
): Promise<KubeIntegration> {
  const { namespace, name, uid } = integration.metadata;
  const end = performance.now() + PATIENCE_MS;
  let last = integration;
  while (performance.now() < end) {
    const read = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, { namespace, name });
    if (read === undefined || read.metadata.uid !== uid) return last;
    last = read;
    const { tokenKeyId } = read.status ?? {};
    if (tokenKeyId !== undefined && tokenKeyId !== previous) return last;
    await setTimeout(STEP_MS);
  }
  return last;
}
