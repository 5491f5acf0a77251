/** Secrets of this very integration under another name than its spec now says. */
import { secretNameOf } from '../crd/defaults.ts';
import type { KubeIntegration } from '../crd/integration-object.ts';
import { keyOf, SECRETS } from '../kube/resource.ts';
import { checkSecret, type FoundToken, isOurs, uidOn } from './checks.ts';
import { deleteIfExists, getIfExists, type OperatorContext } from './context.ts';
import type { Secret } from './objects.ts';

/** What the cache knows, and what the status says should it know more. */
function formerNames({ caches }: OperatorContext, integration: KubeIntegration): Set<string> {
  const { namespace, uid } = integration.metadata;
  const cached = caches.secrets.list(namespace).filter((secret) => uidOn(secret) === uid);
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
  const { namespace, uid } = integration.metadata;
  const found: Secret[] = [];
  for (const name of formerNames(context, integration)) {
    const secret = await getIfExists<Secret>(context.client, SECRETS, { namespace, name });
    if (secret && isOurs(secret, integration) && uidOn(secret) === uid) found.push(secret);
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
