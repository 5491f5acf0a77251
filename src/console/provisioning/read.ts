/** Live reads of the integrations of a tenant, as far as the visitor may see them. */
import { tenantOf } from '../../crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { IntegrationActivity, IntegrationRecord } from '../../directory/store/integrations.ts';
import { getIfExists } from '../../kube/client.ts';
import type { ConsoleContext } from '../context.ts';
import { notThere } from '../frame/page-error.ts';
import type { TenantVisit } from '../tenant-visit.ts';

/** How many namespaces are read at the same time. */
const AT_ONCE = 16;

/** By title, in the namespaces in which the visitor may list them. */
export async function readIntegrations(
  { client }: Pick<ConsoleContext, 'client'>,
  tenant: TenantVisit,
): Promise<readonly KubeIntegration[]> {
  const namespaces = [...(await tenant.allowed('list', 'scimintegrations'))];
  const found: KubeIntegration[] = [];
  while (namespaces.length > 0) {
    const lists = await Promise.all(
      namespaces
        .splice(0, AT_ONCE)
        .map((namespace) => client.list<KubeIntegration>(SCIM_INTEGRATIONS, { namespace })),
    );
    found.push(...lists.flatMap(({ items }) => items ?? []));
  }
  return found
    .filter((each) => tenantOf(each) === tenant.name)
    .toSorted((a, b) => titleOf(a).localeCompare(titleOf(b), 'en'));
}

/**
 * Throws the PageError of a page that doesn't exist unless the tenant has the integration and the
 * visitor may see it.
 */
export async function readIntegration(
  { client }: Pick<ConsoleContext, 'client'>,
  tenant: TenantVisit,
  namespace: string,
  name: string,
): Promise<KubeIntegration> {
  if (!(await tenant.mayIn(namespace, 'get', 'scimintegrations', name))) throw notThere();
  const found = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, { namespace, name });
  if (found === undefined || tenantOf(found) !== tenant.name) throw notThere();
  return found;
}

export const titleOf = ({ spec, metadata }: KubeIntegration): string =>
  spec?.displayName ?? metadata.name;

/** What the directory knows of an integration. */
export interface Known {
  readonly record: IntegrationRecord;
  readonly activity: IntegrationActivity;
}

/**
 * Undefined until the operator has recorded the integration. Anybody who may write a status can
 * name any id there, so the record itself has to be that of this integration.
 */
export async function readKnown(
  { store }: Pick<ConsoleContext, 'store'>,
  integration: KubeIntegration,
): Promise<Known | undefined> {
  const id = integration.status?.integrationId;
  const record = id === undefined ? undefined : await store.integrations.get(id);
  const { namespace, name, uid } = integration.metadata;
  const isItsOwn = record?.namespace === namespace && record.name === name && record.uid === uid;
  if (!isItsOwn || record.tenant !== tenantOf(integration)) return undefined;
  return { record, activity: await store.integrations.activity(record.id) };
}
