/** Whether the person who created a setup link may still do so. */
import type { Access } from '../../access/access.ts';
import type { SetupLink, SetupLinkCreator } from '../../directory/store/setup-links.ts';
import type { SignInSession } from '../../sso/sessions.ts';
import { questionAbout } from '../tenant-visit.ts';

export const creatorOf = ({ person, identity }: SignInSession): SetupLinkCreator => {
  if (person !== undefined) return { kind: 'person', accessId: person.accessId };
  const { user, groups, uid, extra = {} } = identity;
  const holder = { user, groups, extra, ...(uid === undefined ? {} : { uid }) };
  return { kind: 'kubernetes', holder };
};

/**
 * A person is asked about with the groups of now, and the holder of a Kubernetes token with those
 * that the token had. Rejects with AccessError if it can't be found out.
 */
export async function mayStillCreate(
  access: Pick<Access, 'identityOf' | 'mayEach' | 'tenants'>,
  { creator, tenant, namespace, name }: SetupLink,
): Promise<boolean> {
  const isPerson = creator.kind === 'person';
  const identity = isPerson ? await access.identityOf(tenant, creator.accessId) : creator.holder;
  if (identity === undefined) return false;
  const info = (await access.tenants()).find((each) => each.name === tenant);
  if (info?.namespaces.includes(namespace) !== true) return false;
  const question = { ...questionAbout('patch', 'scimintegrations', namespace), name };
  return (await access.mayEach(identity, [question]))[0] === true;
}
