/** The integrations of a tenant that a visitor may see, by the ids that the directory has. */
import type { ConsoleContext } from './context.ts';
import { readIntegrations, titleOf } from './provisioning/read.ts';
import type { TenantVisit } from './tenant-visit.ts';

export interface NamedIntegration {
  readonly id: string;
  readonly name: string;
}

/** Those that have an id already. */
export async function namedIntegrations(
  context: Pick<ConsoleContext, 'client'>,
  tenant: TenantVisit,
): Promise<readonly NamedIntegration[]> {
  return (await readIntegrations(context, tenant)).flatMap((each) => {
    const id = each.status?.integrationId;
    return id === undefined ? [] : [{ id, name: titleOf(each) }];
  });
}
