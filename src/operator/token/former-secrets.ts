/**
 * Secrets that the operator created for this integration, or for an earlier one of its name, under
 * another name than the spec now says.
 */
import { secretNameOf } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { getIfExists } from '../../kube/client.ts';
import type { Secret } from '../../kube/objects.ts';
import { SECRETS } from '../../kube/resource.ts';
import type { OperatorContext } from '../context.ts';
import { deleteMade, integrationMaker } from '../made-objects.ts';
import { isGoing, isOurs, otherHolder } from '../ownership.ts';
import { checkSecret, type FoundToken } from './check-secret.ts';

interface FormerSecrets {
  readonly present: readonly Secret[];
  /** Names of remembered Secrets that are gone, or whose name another Secret has taken. */
  readonly gone: readonly string[];
}

/** Found in the directory, or in the status if the directory was lost. */
async function formerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<FormerSecrets> {
  const { client, store } = context;
  const { namespace } = integration.metadata;
  const made = await store.madeObjects.list(integrationMaker(context, integration.metadata));
  const uids = new Map(made.map(({ name, uid }) => [name, uid]));
  const told = integration.status?.tokenSecretRef?.name;
  const names = new Set([...uids.keys(), ...(told === undefined ? [] : [told])]);
  // With an existing Secret, every Secret that the operator created is a former one.
  if (integration.spec?.token?.existingSecret === undefined)
    names.delete(secretNameOf(integration));
  const present: Secret[] = [];
  const gone: string[] = [];
  for (const name of names) {
    const secret = await getIfExists<Secret>(client, SECRETS, { namespace, name });
    const isFormer =
      secret !== undefined &&
      !isGoing(secret) &&
      (uids.get(name) === undefined
        ? isAdoptable(context, integration, secret)
        : secret.metadata.uid === uids.get(name));
    if (isFormer) present.push(secret);
    else if (uids.has(name)) gone.push(name);
  }
  return { present, gone };
}

/** The operator itself wrote the name into the status, so labels and annotations are enough. */
function isAdoptable(
  { caches }: OperatorContext,
  integration: KubeIntegration,
  secret: Secret,
): boolean {
  const other = otherHolder(secret, integration, caches.integrations.list());
  return other === undefined && isOurs(secret, integration);
}

export async function findFormerToken(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<FoundToken | undefined> {
  const { present } = await formerSecrets(context, integration);
  for (const secret of present) {
    const verdict = checkSecret(secret, integration, () => undefined);
    if (verdict.kind === 'current') return verdict.found;
  }
  return undefined;
}

export async function removeFormerSecrets(
  context: OperatorContext,
  integration: KubeIntegration,
): Promise<void> {
  const maker = integrationMaker(context, integration.metadata);
  const { present, gone } = await formerSecrets(context, integration);
  for (const { metadata } of present) await deleteMade(context, maker, SECRETS, metadata);
  for (const name of gone) await deleteMade(context, maker, SECRETS, { name });
}
