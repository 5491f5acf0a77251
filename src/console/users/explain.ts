/** Gathers what a user may do in each namespace, and why. */
import type { Identity } from '../../access/identity.ts';
import { CONSOLE_ACTIONS } from '../actions.ts';
import type { ConsoleContext } from '../context.ts';
import { shownGrants } from '../roles/grants.ts';
import { questionAbout } from '../tenant-visit.ts';
import type { NamespacePowers, Powers, Question } from './powers.tsx';

/** Nobody reads about more, and Kubernetes would not decide about more in time. */
const MOST_NAMESPACES = 20;

interface Explained {
  readonly tenant: string;
  readonly userId: string;
  readonly active: boolean;
  /** Those of the tenant in which the visitor may see users. */
  readonly namespaces: readonly string[];
  readonly question: Question | undefined;
}

export async function powersOf(
  context: Pick<ConsoleContext, 'access' | 'client'>,
  { tenant, userId, active, namespaces, question }: Explained,
): Promise<Powers> {
  const { access } = context;
  const identity = await access.identityOf(tenant, userId);
  if (identity === undefined)
    return { identity, active, namespaces: [], askable: [], asked: undefined };
  const shown = namespaces.slice(0, MOST_NAMESPACES);
  const asked = question && namespaces.includes(question.namespace) ? question : undefined;
  const [inEach, allowed] = await Promise.all([
    Promise.all(shown.map((namespace) => inNamespace(context, identity, namespace))),
    asked === undefined ? undefined : ask(access, identity, asked),
  ]);
  return {
    identity,
    active,
    namespaces: inEach,
    askable: namespaces,
    asked: asked && { ...asked, allowed: allowed === true },
  };
}

async function inNamespace(
  context: Pick<ConsoleContext, 'access' | 'client'>,
  identity: Identity,
  namespace: string,
): Promise<NamespacePowers> {
  const [grants, inConsole] = await Promise.all([
    shownGrants(context, identity, namespace),
    context.access.mayEach(
      identity,
      CONSOLE_ACTIONS.map(({ verb, resource }) => questionAbout(verb, resource, namespace)),
    ),
  ]);
  return { namespace, grants, inConsole };
}

async function ask(
  access: ConsoleContext['access'],
  identity: Identity,
  { verb, resource, namespace }: Question,
): Promise<boolean> {
  const dot = resource.indexOf('.');
  const [name, group] =
    dot === -1 ? [resource, ''] : [resource.slice(0, dot), resource.slice(dot + 1)];
  const [allowed = false] = await access.mayEach(identity, [
    { verb, group, resource: name, namespace },
  ]);
  return allowed;
}

const WORD = /^[a-z][a-z-]{0,59}$/;
const RESOURCE = /^[a-z0-9][a-z0-9.-]{0,252}$/;

/** Undefined unless everything is filled in as Kubernetes could understand it. */
export function questionIn(query: URLSearchParams): Question | undefined {
  const verb = query.get('verb')?.trim().toLowerCase() ?? '';
  const resource = query.get('resource')?.trim().toLowerCase() ?? '';
  const namespace = query.get('in') ?? '';
  return WORD.test(verb) && RESOURCE.test(resource) ? { verb, resource, namespace } : undefined;
}
