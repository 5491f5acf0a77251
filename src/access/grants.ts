/** Which bindings give an identity which roles in a namespace. */
import { SCIM_GROUP_BINDINGS } from '../crd/names.ts';
import { type Client, getIfExists } from '../kube/client.ts';
import { isForbidden } from '../kube/errors.ts';
import type { PolicyRule, Role, RoleBinding } from '../kube/objects.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type ResourceDefinition,
  ROLE_BINDINGS,
  ROLES,
} from '../kube/resource.ts';
import { accessError } from './error.ts';
import type { Identity } from './identity.ts';
import { TtlCache } from './ttl-cache.ts';

export interface Grant {
  readonly binding: { readonly kind: string; readonly name: string };
  readonly role: { readonly kind: string; readonly name: string };
  /** The subject of the binding that the identity is. */
  readonly subject: { readonly kind: string; readonly name: string };
  /** The name of the ScimGroupBinding that the binding comes from. */
  readonly groupBinding: string | undefined;
  /** Undefined if the role doesn't exist, so that it grants nothing, or may not be read. */
  readonly rules: readonly PolicyRule[] | undefined;
}

/** Of namespaces, and of roles. */
const MOST_KEPT = 1_000;

export class Grants {
  readonly #client: Client;
  readonly #bindings: TtlCache<readonly RoleBinding[]>;
  readonly #roles: TtlCache<Role | undefined>;

  constructor(client: Client, clock: () => number) {
    this.#client = client;
    this.#bindings = new TtlCache(clock, MOST_KEPT);
    this.#roles = new TtlCache(clock, MOST_KEPT);
  }

  /** In the order of the bindings' names, those of the namespace first. */
  async of(identity: Identity, namespace: string): Promise<readonly Grant[]> {
    const [here, everywhere] = await Promise.all([
      this.#bindings.get(namespace, () => this.#list(ROLE_BINDINGS, namespace)),
      this.#bindings.get('', () => this.#list(CLUSTER_ROLE_BINDINGS, undefined)),
    ]);
    const found = [
      ...grantsIn(here, ROLE_BINDINGS, identity),
      ...grantsIn(everywhere, CLUSTER_ROLE_BINDINGS, identity),
    ];
    return Promise.all(
      found.map(async (grant) => {
        const role = await this.#role(grant.role, namespace);
        return { ...grant, rules: role && (role.rules ?? []) };
      }),
    );
  }

  async #list(resource: ResourceDefinition, namespace: string | undefined) {
    try {
      const { items } = await this.#client.list<RoleBinding>(resource, { namespace });
      return items ?? [];
    } catch (error) {
      throw accessError(error, `list ${resource.plural}`);
    }
  }

  #role({ kind, name }: Grant['role'], namespace: string): Promise<Role | undefined> {
    const isCluster = kind === CLUSTER_ROLES.kind;
    const key = isCluster ? { name } : { namespace, name };
    return this.#roles.get(JSON.stringify([kind, key]), async () => {
      try {
        return await getIfExists<Role>(this.#client, isCluster ? CLUSTER_ROLES : ROLES, key);
      } catch (error) {
        if (isForbidden(error)) return undefined;
        throw accessError(error, 'read roles');
      }
    });
  }
}

type Found = Omit<Grant, 'rules'>;

function grantsIn(
  bindings: readonly RoleBinding[],
  { kind }: ResourceDefinition,
  identity: Identity,
): readonly Found[] {
  const groups = new Set(identity.groups);
  const isOf = (subject: Subject) => namesOf(subject, identity.user, groups);
  return bindings
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .flatMap(({ metadata, roleRef, subjects = [] }) => {
      const subject = subjects.find(isOf);
      if (subject === undefined || roleRef === undefined) return [];
      const owner = metadata.ownerReferences?.find(isGroupBinding);
      return [
        {
          binding: { kind, name: metadata.name },
          role: { kind: roleRef.kind, name: roleRef.name },
          subject: { kind: subject.kind, name: subject.name },
          groupBinding: owner?.name,
        },
      ];
    });
}

type Subject = NonNullable<RoleBinding['subjects']>[number];

function namesOf(
  { kind, name, namespace = '' }: Subject,
  user: string,
  groups: ReadonlySet<string>,
): boolean {
  if (kind === 'User') return name === user;
  if (kind === 'Group') return groups.has(name);
  return kind === 'ServiceAccount' && `system:serviceaccount:${namespace}:${name}` === user;
}

const isGroupBinding = ({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean =>
  kind === SCIM_GROUP_BINDINGS.kind && apiVersion.startsWith(`${SCIM_GROUP_BINDINGS.group}/`);
