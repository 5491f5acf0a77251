/** Secrets of this integration, or of one that had its name before, under another name than its spec now says. */
import { secretNameOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { type KubeObject, keyOf, SECRETS } from '../kube/resource.ts';
import { checkSecret, type FoundToken, isOurs, uidOn } from './checks.ts';
import { deleteIfExists, getIfExists, isLive, type OperatorContext } from './context.ts';
import type { Secret } from './objects.ts';

/** Made for it, or by our labels for an integration of its name that is gone. */
function isFormer(
  { caches }: OperatorContext,
  integration: KubeIntegration,
  secret: KubeObject,
): boolean {
  const uid = uidOn(secret);
  if (uid === undefined || !isOurs(secret, integration)) return false;
  return uid === integration.metadata.uid || !isLive(caches, uid);
}

/** What the cache knows, and what the status says should it know more. */
function formerNames(context: OperatorContext, integration: KubeIntegration): Set<string> {
  const { namespace } = integration.metadata;
  const cached = context.caches.secrets
    .list(namespace)
    .filter((secret) => isFormer(context, integration, secret));
  const names = new Set(cached.map(({ metadata }) => metadata.name));
  const told = integration.status?.tokenSecretRef?.name;
  if (told !== undefined) names.add(told);
  // With an existing Secret every one of ours is a former one.
  if (integration.spec?.token?.existingSecret === undefined)
    names.delete(secretNameOf(integration));
  return names;
}

export function mayHaveFormerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): boolean {
  return formerNames(context, integration).size > 0;
}

async function formerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<readonly Secret[]> {
  const { namespace } = integration.metadata;
  const found: Secret[] = [];
  for (const name of formerNames(context, integration)) {
    const secret = await getIfExists<Secret>(context.client, SECRETS, { namespace, name });
    if (secret && isFormer(context, integration, secret)) found.push(secret);
  }
  return found;
}

export async function findFormerToken(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<FoundToken | undefined> {
  for (const secret of await formerSecrets(context, integration)) {
    const verdict = checkSecret(secret, integration, () => false);
    if (verdict.kind === 'current') return verdict;
  }
  return undefined;
}

export async function removeFormerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<void> {
  for (const secret of await formerSecrets(context, integration)) {
    await deleteIfExists(context.client, SECRETS, keyOf(secret), secret.metadata.uid);
  }
}
