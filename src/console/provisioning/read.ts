/** Live reads of the integrations of a tenant, as far as the visitor may see them. */
import { tenantOf } from '../../crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { IntegrationActivity, IntegrationRecord } from '../../directory/store/integrations.ts';
import { getIfExists } from '../../kube/client.ts';
import type { ConsoleContext } from '../context.ts';
import { notThere } from '../frame/page-error.ts';
import { listIn } from '../list-in.ts';
import type { TenantVisit } from '../tenant-visit.ts';

/** By title, in the namespaces in which the visitor may list them. */
export async function readIntegrations(
  { client }: Pick<ConsoleContext, 'client'>,
  tenant: TenantVisit,
): Promise<readonly KubeIntegration[]> {
  const namespaces = await tenant.allowed('list', 'scimintegrations');
  const found = await listIn<KubeIntegration>(client, SCIM_INTEGRATIONS, namespaces);
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

/** Others show what the operator wrote into the status, which is some minutes old at most. */
const MOST_KNOWN = 50;

/** What the directory knows of integrations, by the UID of the resource. */
export async function readActivities(
  context: Pick<ConsoleContext, 'store'>,
  integrations: readonly KubeIntegration[],
): Promise<Activities> {
  const read = integrations.slice(0, MOST_KNOWN).map(async (each) => {
    const known = await readKnown(context, each);
    return [each.metadata.uid, known?.activity] as const;
  });
  return new Map(await Promise.all(read));
}

/** Undefined before the first request. The directory has the time earlier than the status. */
export function lastContactOf(
  { status }: KubeIntegration,
  activity: IntegrationActivity | undefined,
): number | undefined {
  const at = activity?.lastRequestAt ?? Date.parse(status?.lastRequestTime ?? '');
  return Number.isNaN(at) ? undefined : at;
}

export type Activities = ReadonlyMap<string, IntegrationActivity | undefined>;

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
