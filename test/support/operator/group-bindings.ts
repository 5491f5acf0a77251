/** ScimGroupBindings of a test, the users in their groups, and what those may do. */

import { LABEL_GROUP_BINDING, SCIM_GROUP_BINDINGS } from '../../../src/crd/names.ts';
import type { KubeGroupBinding } from '../../../src/crd/objects.ts';
import type { ScimGroupBindingSpec } from '../../../src/crd/scim-group-binding.ts';
import { newId } from '../../../src/directory/ids.ts';
import type { NamingRule } from '../../../src/directory/kubernetes-names.ts';
import type { Scope, StoredResource } from '../../../src/directory/store/resources.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import type { Client } from '../../../src/kube/client.ts';
import type { Role, RoleBinding } from '../../../src/kube/objects.ts';
import { type KubeObject, ROLE_BINDINGS, ROLES } from '../../../src/kube/resource.ts';
import { groupBindingRules, OPERATOR_RULES, POLICY_RULES } from '../../../src/operator/rbac.ts';
import type { Attributes } from '../../../src/scim/resource.ts';
import { eventually } from '../eventually.ts';
import { mayDo } from '../kube/access.ts';
import { createNamespace, TEST_MANAGER } from '../kube/cluster.ts';

/** The permissions of an operator with --group-bindings. */
export const BINDING_RULES = [...OPERATOR_RULES, ...groupBindingRules(['view']), ...POLICY_RULES];
export const NAMING: NamingRule = { prefix: 'scim:', from: 'userName', case: 'preserve' };
export const FOLLOWING = { groupBindings: { naming: NAMING } };

export const mayRead = (client: Client, namespace: string, user: string): Promise<boolean> =>
  mayDo(client, user, { namespace, verb: 'get', group: '', resource: 'configmaps' });

export const READER = { kind: 'Role', name: 'reader' } as const;
export const STAFF = { displayName: 'Staff' } as const;

/** The users of one tenant, by userName. */
export class People {
  readonly #store: Store;
  readonly #scope: Scope;
  readonly #ids = new Map<string, string>();

  constructor(store: Store, tenant: string, integrationId = 'idp') {
    this.#store = store;
    this.#scope = { tenant, integrationId };
  }

  async add(...userNames: readonly string[]): Promise<void> {
    const adding = userNames.map(async (userName) => {
      const id = newId();
      this.#ids.set(userName, id);
      const attributes = { userName, active: true };
      await this.#store.users.create(this.#scope, { id, attributes, at: 0 });
    });
    await Promise.all(adding);
  }

  /** Returns the id. Members are userNames or ids of groups. */
  async group(attributes: Attributes, members: readonly string[] = []): Promise<string> {
    const id = newId();
    const ids = members.map((each) => this.idOf(each));
    await this.#store.groups.create(this.#scope, { id, attributes, members: ids, at: 0 });
    return id;
  }

  idOf(member: string): string {
    return this.#ids.get(member) ?? member;
  }

  async join(group: string, ...members: readonly string[]): Promise<void> {
    await this.#change(group, 'add', members);
  }

  async leave(group: string, ...members: readonly string[]): Promise<void> {
    await this.#change(group, 'remove', members);
  }

  async #change(group: string, kind: 'add' | 'remove', members: readonly string[]) {
    const values = members.map((each) => this.idOf(each));
    await this.#store.groups.change(this.#scope, group, undefined, [{ kind, values }], 0);
  }

  async changeGroup(group: string, changes: Attributes): Promise<void> {
    const decide = ({ profile }: StoredResource) => ({ ...profile.attributes, ...changes });
    await this.#store.groups.change(this.#scope, group, decide, [], 0);
  }

  async changeUser(userName: string, changes: Attributes): Promise<void> {
    const decide = ({ profile }: StoredResource) => ({ ...profile.attributes, ...changes });
    await this.#store.users.change(this.#scope, this.idOf(userName), decide, 0);
  }

  deleteUser(userName: string): Promise<void> {
    return this.#store.users.delete(this.#scope, this.idOf(userName), () => undefined, 0);
  }

  deleteGroup(group: string): Promise<void> {
    return this.#store.groups.delete(this.#scope, group, () => undefined, 0);
  }
}

/** A ScimGroupBinding, observed from outside. */
export class TestGroupBinding {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;

  constructor(client: Client, namespace: string, name = 'staff') {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  /** Creates one in a new namespace, where the Role `reader` allows reading ConfigMaps. */
  static async create(
    client: Client,
    spec: Partial<ScimGroupBindingSpec> = {},
    labels: Readonly<Record<string, string>> = {},
  ): Promise<TestGroupBinding> {
    const namespace = await createNamespace(client, 'team', labels);
    const binding = new TestGroupBinding(client, namespace);
    await binding.createRole();
    await binding.apply(spec);
    return binding;
  }

  get key() {
    return { namespace: this.namespace, name: this.name };
  }

  async createRole(): Promise<void> {
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
    const metadata = { namespace: this.namespace, name: READER.name };
    await this.client.create<Role>(ROLES, { metadata, rules }, TEST_MANAGER);
  }

  async apply(spec: Partial<ScimGroupBindingSpec> = {}): Promise<void> {
    const object = { metadata: this.key, spec: { group: STAFF, roleRef: READER, ...spec } };
    await this.client.apply<KubeObject>(SCIM_GROUP_BINDINGS, object, TEST_MANAGER);
  }

  get(): Promise<KubeGroupBinding> {
    return this.client.get(SCIM_GROUP_BINDINGS, this.key);
  }

  delete(): Promise<void> {
    return this.client.delete(SCIM_GROUP_BINDINGS, this.key);
  }

  /** Waits until the operator has seen the latest spec and Ready has this status and reason. */
  settled(status: 'True' | 'False', reason: string): Promise<KubeGroupBinding> {
    return eventually(async () => {
      const binding = await this.get();
      const ready = binding.status?.conditions?.find(({ type }) => type === 'Ready');
      const isSeen = binding.status?.observedGeneration === binding.metadata.generation;
      if (!isSeen || ready?.status !== status || ready.reason !== reason)
        throw new Error(`not settled: ${JSON.stringify(binding.status)}`);
      return binding;
    });
  }

  async condition(type: string) {
    return (await this.get()).status?.conditions?.find((condition) => condition.type === type);
  }

  /** The RoleBindings, by name. */
  async roleBindings(): Promise<readonly RoleBinding[]> {
    const { items } = await this.client.list<RoleBinding>(ROLE_BINDINGS, {
      namespace: this.namespace,
      labelSelector: `${LABEL_GROUP_BINDING}=${this.name}`,
    });
    return (items ?? []).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  async subjects(): Promise<readonly string[]> {
    const names = (await this.roleBindings()).flatMap(({ subjects = [] }) => subjects);
    return names.map(({ name }) => name).toSorted();
  }

  /** Waits until exactly these users have the role. */
  async binds(...users: readonly string[]): Promise<void> {
    await eventually(async () => {
      const now = await this.subjects();
      if (JSON.stringify(now) !== JSON.stringify(users.toSorted()))
        throw new Error(
          `bound are ${now.join(', ')}; ${JSON.stringify((await this.get()).status)}`,
        );
    });
  }
}
