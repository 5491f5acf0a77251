/** Ends all sessions of a user, or unbinds their account, after asking once. */
import type { Child } from 'hono/jsx';
import { DIRECTORY_API_GROUP } from '../../directory/permissions.ts';
import type { Person } from '../../directory/store/people.ts';
import type { Store } from '../../directory/store/store.ts';
import { NAMESPACES } from '../../kube/resource.ts';
import type { ConsoleContext, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { Confirm } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { actionForbidden } from '../frame/page-error.ts';
import { countOf } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { recordAction } from '../record-action.ts';
import { plainName } from '../text/names.tsx';
import { personOfPath } from './person-of-path.ts';
import { nameOf } from './title.ts';

/** Something that is ended for a user. */
interface Ending {
  /** Below the address of the user. */
  readonly path: readonly [string, string];
  readonly operation: 'endSessions' | 'unbind';
  readonly action: string;
  readonly title: (name: string) => string;
  readonly button: string;
  readonly ends: readonly Child[];
  readonly stays: readonly Child[];
  /** Returns what was done, in the past tense; undefined if there was nothing to end. */
  readonly end: (store: Store, tenant: string, person: Person) => Promise<string | undefined>;
}

export const END_SESSIONS: Ending = {
  path: ['sessions', 'end'],
  operation: 'endSessions',
  action: 'EndSessions',
  title: (name) => `End all sessions of ${name}?`,
  button: 'End all sessions',
  ends: ['The user is signed out everywhere within a second.'],
  stays: [
    'The user may sign in again. To prevent that, deactivate the user in the identity provider.',
    'The profile, the groups and their roles stay. kubectl is not affected.',
  ],
  end: async ({ sessions }, tenant, { id }) => {
    const ended = await sessions.endAll({ tenant, accessId: id });
    return ended === 0 ? undefined : `ended ${countOf(ended, 'session')}`;
  },
};

export const UNBIND: Ending = {
  path: ['account', 'unbind'],
  operation: 'unbind',
  action: 'UnbindAccount',
  title: (name) => `Unbind the account of ${name}?`,
  button: 'Unbind',
  ends: [
    'The next account that signs in as this user is bound, whichever it is.',
    'The sessions of the user end.',
  ],
  stays: ['The profile, the groups and their roles stay.'],
  end: async ({ identities, sessions }, tenant, { id, identity }) => {
    const unbound = await identities.unbind(tenant, id);
    await sessions.endAll({ tenant, accessId: id });
    return unbound ? `unbound the account ${identity?.subject ?? ''}` : undefined;
  },
};

const ENDINGS = [END_SESSIONS, UNBIND];

export const endingHref = (tenant: string, id: string, { path }: Ending): string =>
  tenantHref(tenant, 'users', id, ...path);

export function addEndings(pages: ConsoleRoutes, context: ConsoleContext): void {
  for (const ending of ENDINGS) {
    const path = `/:id/${ending.path.join('/')}`;
    pages.get(path, (c) => confirm(context, c, ending));
    pages.post(path, (c) => carryOut(context, c, ending));
  }
}

async function confirm(
  context: ConsoleContext,
  c: ConsoleRequest,
  ending: Ending,
): Promise<Response> {
  const { person } = await permitted(context, c);
  const tenant = c.get('tenant');
  const userHref = tenantHref(tenant.name, 'users', person.id);
  const name = plainName(nameOf(person));
  return show(
    c,
    {
      title: ending.title(name),
      section: 'users',
      crumbs: [
        { title: 'Users', href: tenantHref(tenant.name, 'users') },
        { title: name, href: userHref },
      ],
    },
    <Confirm
      session={tenant.visit.session}
      action={endingHref(tenant.name, person.id, ending)}
      button={ending.button}
      back={userHref}
      ends={ending.ends}
      stays={ending.stays}
    />,
  );
}

async function carryOut(
  context: ConsoleContext,
  c: ConsoleRequest,
  ending: Ending,
): Promise<Response> {
  const { person, namespace } = await permitted(context, c);
  const tenant = c.get('tenant').name;
  const done = await ending.end(context.store, tenant, person);
  if (done !== undefined) {
    const name = String(person.attributes.userName);
    await recordAction(context, c, {
      operation: ending.operation,
      resource: { type: 'User', id: person.id, name },
      regarding: namespaceObject(namespace),
      action: ending.action,
      note: `${done} of ${name}`,
    });
  }
  const userHref = tenantHref(tenant, 'users', person.id);
  return c.redirect(withQuery(userHref, { done: ending.operation }), 303);
}

/** A user is no object of Kubernetes, so the event is about the namespace of the permission. */
const namespaceObject = (name: string) => ({
  apiVersion: NAMESPACES.version,
  kind: NAMESPACES.kind,
  metadata: { name, namespace: name },
});

/** Throws PageError unless the visitor may see the user and may end something for them. */
async function permitted(
  context: ConsoleContext,
  c: ConsoleRequest,
): Promise<{ person: Person; namespace: string }> {
  const { person } = await personOfPath(context, c);
  const tenant = c.get('tenant');
  const [namespace] = await tenant.allowed('update', 'bindings');
  if (namespace === undefined) {
    const resource = `bindings.${DIRECTORY_API_GROUP}`;
    throw actionForbidden('update', resource, tenant.namespaces.join(' or '));
  }
  return { person, namespace };
}
