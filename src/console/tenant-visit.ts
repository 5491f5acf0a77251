/** A request of a visitor below a tenant's address, and what they may do there. */

import type { ResourceAttributes } from '../access/identity.ts';
import type { TenantInfo } from '../access/tenants.ts';
import { SCIM_GROUP_BINDINGS, SCIM_INTEGRATIONS } from '../crd/names.ts';
import { DIRECTORY_API_GROUP } from '../directory/permissions.ts';
import { actionForbidden, notThere } from './frame/page-error.ts';
import type { Visit } from './visit.ts';

/** The API groups of the resources that pages ask about. */
const GROUPS = {
  users: DIRECTORY_API_GROUP,
  groups: DIRECTORY_API_GROUP,
  bindings: DIRECTORY_API_GROUP,
  activity: DIRECTORY_API_GROUP,
  scimintegrations: SCIM_INTEGRATIONS.group,
  scimgroupbindings: SCIM_GROUP_BINDINGS.group,
} as const;

export type ConsoleResource = keyof typeof GROUPS;
export type ConsoleVerb = 'get' | 'list' | 'create' | 'patch' | 'update' | 'delete';

/** The question whether somebody may do this in a namespace, or in all of them if it is empty. */
export const questionAbout = (
  verb: ConsoleVerb,
  resource: ConsoleResource,
  namespace: string,
): ResourceAttributes => ({ verb, group: GROUPS[resource], resource, namespace });

export class TenantVisit {
  readonly visit: Visit;
  readonly name: string;
  readonly title: string;
  /** The namespaces that may provision the tenant. */
  readonly namespaces: readonly string[];
  readonly #allowed = new Map<string, Promise<readonly string[]>>();

  constructor(visit: Visit, { name, displayName, namespaces }: TenantInfo) {
    this.visit = visit;
    this.name = name;
    this.title = displayName;
    this.namespaces = namespaces;
  }

  /** The namespaces of the tenant in which the visitor may do this. */
  allowed(verb: ConsoleVerb, resource: ConsoleResource): Promise<readonly string[]> {
    const key = `${verb} ${resource}`;
    const known = this.#allowed.get(key);
    if (known !== undefined) return known;
    const asked = this.#ask(verb, resource);
    this.#allowed.set(key, asked);
    return asked;
  }

  async mayAnywhere(verb: ConsoleVerb, resource: ConsoleResource): Promise<boolean> {
    return (await this.allowed(verb, resource)).length > 0;
  }

  /** False for every namespace that may not provision the tenant. */
  async mayIn(
    namespace: string,
    verb: ConsoleVerb,
    resource: ConsoleResource,
    name?: string,
  ): Promise<boolean> {
    if (!this.namespaces.includes(namespace)) return false;
    const question = questionAbout(verb, resource, namespace);
    const [isAllowed = false] = await this.visit.mayEach([
      name === undefined ? question : { ...question, name },
    ]);
    return isAllowed;
  }

  /** Throws a PageError that does not tell whether the page exists. */
  async require(verb: ConsoleVerb, resource: ConsoleResource): Promise<readonly string[]> {
    const namespaces = await this.allowed(verb, resource);
    if (namespaces.length === 0) throw notThere();
    return namespaces;
  }

  /** For what the visitor can see already: throws a PageError that names the permission. */
  async requireAction(
    namespace: string,
    verb: ConsoleVerb,
    resource: ConsoleResource,
    name?: string,
  ): Promise<void> {
    if (await this.mayIn(namespace, verb, resource, name)) return;
    throw actionForbidden(verb, `${resource}.${GROUPS[resource]}`, namespace);
  }

  async #ask(verb: ConsoleVerb, resource: ConsoleResource): Promise<readonly string[]> {
    if (await this.visit.mayEverywhere(questionAbout(verb, resource, ''))) return this.namespaces;
    const questions = this.namespaces.map((each) => questionAbout(verb, resource, each));
    const decisions = await this.visit.mayEach(questions);
    return this.namespaces.filter((_, index) => decisions[index] === true);
  }
}
