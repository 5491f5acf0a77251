/** Which sections of a tenant a visitor may see. */
import type { ConsoleResource, TenantVisit } from '../tenant-visit.ts';
import type { Section } from './navigation.tsx';

/** The resource that one must be able to list to see a section. */
const NEEDED: Readonly<Record<Section, ConsoleResource>> = {
  provisioning: 'scimintegrations',
  users: 'users',
  groups: 'groups',
  roles: 'scimgroupbindings',
  activity: 'activity',
};

const SECTIONS = Object.keys(NEEDED) as Section[];

/** In the order of the navigation. */
export async function sectionsOf(tenant: TenantVisit): Promise<readonly Section[]> {
  const visible = await Promise.all(
    SECTIONS.map((section) => tenant.mayAnywhere('list', NEEDED[section])),
  );
  return SECTIONS.filter((_, index) => visible[index] === true);
}

/** Whether there is any, with as few questions as possible. */
export async function hasSections(tenant: TenantVisit): Promise<boolean> {
  for (const section of SECTIONS)
    if (await tenant.mayAnywhere('list', NEEDED[section])) return true;
  return false;
}
