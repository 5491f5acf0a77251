/** A part of the tenants that a visitor may see, at a bounded number of questions. */
import type { TenantInfo } from '../../access/tenants.ts';
import { TenantVisit } from '../tenant-visit.ts';
import type { Visit } from '../visit.ts';

const MOST_SHOWN = 50;
/** A cluster may have thousands of namespaces, and the visitor no permission in any. */
const MOST_ASKED = 500;
const AT_ONCE = 8;

export interface VisibleTenants {
  readonly tenants: readonly TenantVisit[];
  /** The name after which the next part begins, if there is one. */
  readonly next: string | undefined;
}

/**
 * Examines the tenants after the given name until enough were found or asked about, so that a part
 * may be empty although others follow. `all` is in the order of names.
 */
export async function visibleTenants(
  visit: Visit,
  all: readonly TenantInfo[],
  after: string,
  isVisible: (tenant: TenantVisit) => Promise<boolean>,
): Promise<VisibleTenants> {
  const left = all.filter(({ name }) => name > after);
  const found: TenantVisit[] = [];
  const end = visit.asked + MOST_ASKED;
  let last: string | undefined;
  while (left.length > 0 && found.length < MOST_SHOWN && visit.asked < end) {
    const some = left.splice(0, Math.min(AT_ONCE, MOST_SHOWN - found.length));
    const tenants = some.map((each) => new TenantVisit(visit, each));
    const visible = await Promise.all(tenants.map(isVisible));
    found.push(...tenants.filter((_, index) => visible[index] === true));
    last = some.at(-1)?.name;
  }
  return { tenants: found, next: left.length > 0 ? last : undefined };
}
