/**
 * An operator with exactly its shipped permissions, the test run's API server and its own SQLite
 * file.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, inject } from 'vitest';
import { serviceAccountKubeconfig } from '../../../hack/operator/install.ts';
import { SCIM_INTEGRATIONS } from '../../../src/crd/names.ts';
import type { KubeIntegration } from '../../../src/crd/objects.ts';
import { openDirectory } from '../../../src/directory/open.ts';
import type { IntegrationRecord } from '../../../src/directory/store/integrations.ts';
import type { Store } from '../../../src/directory/store/store.ts';
import { authenticate } from '../../../src/directory/tokens.ts';
import type { Client } from '../../../src/kube/client.ts';
import { Connection, loadKubeConfig } from '../../../src/kube/connection.ts';
import { type PolicyRule, type Secret, textOf } from '../../../src/kube/objects.ts';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  type KubeObject,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '../../../src/kube/resource.ts';
import { createLogger, type Logger } from '../../../src/logger.ts';
import type { DefaultRoleOptions } from '../../../src/operator/default-role/objects.ts';
import { createOperator, type Operator } from '../../../src/operator/operator.ts';
import type { ElectionOptions, GroupBindingOptions } from '../../../src/operator/options.ts';
import { type OperatorManifests, operatorManifests } from '../../../src/operator/rbac.ts';
import { eventually } from '../eventually.ts';
import { untilGranted, userOf } from '../kube/access.ts';
import { adminClient, applyCrds, createNamespace, TEST_MANAGER } from '../kube/cluster.ts';

export const PUBLIC_URL = 'https://scim.example.com';

export interface OperatorFixture {
  readonly admin: Client;
  readonly store: Store;
  /** The kubeconfig of the operator's ServiceAccount. */
  readonly kubeconfig: string;
  /** The namespace of the ServiceAccount and of the Lease. */
  readonly namespace: string;
  /** Starts an operator, which is stopped at the end or with `stop`. */
  start(options?: StartOptions): Operator & { readonly registry: Registry };
  close(): Promise<void>;
}

export interface StartOptions {
  readonly deprovisionDelayMs?: number;
  readonly watchNamespaces?: readonly string[];
  readonly sweepIntervalMs?: number;
  readonly store?: Store;
  readonly connection?: Connection;
  readonly log?: Logger;
  readonly now?: () => Date;
  readonly clock?: () => number;
  /** If undefined, ScimGroupBindings are left alone. */
  readonly groupBindings?: GroupBindingOptions;
  /** If undefined, there are none. */
  readonly defaultRoles?: DefaultRoleOptions;
  /** The default is that of the fixture. */
  readonly installation?: string;
  /** If undefined, the operator assumes that it is the only one. */
  readonly election?: ElectionOptions;
}

/**
 * A fixture for all tests of a file, which exists once its hooks have run. With `starts`, an
 * operator runs all the time.
 */
export function useOperator({
  rules,
  starts,
}: {
  readonly rules?: readonly PolicyRule[];
  readonly starts?: StartOptions;
} = {}): OperatorFixture {
  let opened: OperatorFixture | undefined;
  beforeAll(async () => {
    opened = await operatorFixture(rules);
    if (starts !== undefined) opened.start(starts);
  });
  afterAll(() => opened?.close());
  const fixture = (): OperatorFixture => {
    if (opened === undefined) throw new Error('the fixture exists only once the hooks have run');
    return opened;
  };
  return {
    get admin() {
      return fixture().admin;
    },
    get store() {
      return fixture().store;
    },
    get kubeconfig() {
      return fixture().kubeconfig;
    },
    get namespace() {
      return fixture().namespace;
    },
    start: (options) => fixture().start(options),
    close: () => fixture().close(),
  };
}

/** By default, `rules` are the shipped permissions, and the cluster is that of the test run. */
export function operatorFixture(
  rules?: readonly PolicyRule[],
  electionRules?: readonly PolicyRule[],
  cluster = inject('kubeconfig'),
): Promise<OperatorFixture> {
  return installedFixture(
    (namespace) => operatorManifests(namespace, namespace, rules, electionRules),
    cluster,
  );
}

/** Opens a fixture with any permissions, in the namespace that `manifestsIn` gets. */
export async function installedFixture(
  manifestsIn: (namespace: string) => OperatorManifests,
  cluster = inject('kubeconfig'),
): Promise<OperatorFixture> {
  const admin = adminClient(cluster);
  await applyCrds(admin);
  const folder = mkdtempSync(join(tmpdir(), 'scim-operator-test-'));
  const namespace = await createNamespace(admin, 'operator');
  const manifests = manifestsIn(namespace);
  const kubeconfig = await installOperator(admin, folder, manifests, cluster);
  const store = await openDirectory(`file:${join(folder, 'directory.db')}`);
  const running = new Set<Operator>();
  return {
    admin,
    store,
    kubeconfig,
    namespace,
    start: (options = {}) => {
      const registry = new Registry();
      const operator = createOperator({
        connection: options.connection ?? new Connection(loadKubeConfig(kubeconfig)),
        store: options.store ?? store,
        publicUrl: PUBLIC_URL,
        deprovisionDelayMs: options.deprovisionDelayMs ?? 600_000,
        sweepIntervalMs: options.sweepIntervalMs ?? 60_000,
        watchNamespaces: options.watchNamespaces,
        groupBindings: options.groupBindings,
        defaultRoles: options.defaultRoles,
        installation: options.installation ?? namespace,
        election: options.election,
        log: options.log ?? createLogger('silent'),
        registry,
        ...(options.now && { now: options.now }),
        ...(options.clock && { clock: options.clock }),
      });
      operator.start();
      running.add(operator);
      const stop = async () => {
        running.delete(operator);
        await operator.stop();
      };
      return { ...operator, stop, registry };
    },
    close: async () => {
      await Promise.all([...running].map((operator) => operator.stop()));
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the path of the ServiceAccount's kubeconfig. */
export async function installOperator(
  admin: Client,
  folder: string,
  manifests: OperatorManifests,
  cluster = inject('kubeconfig'),
): Promise<string> {
  await admin.create(SERVICE_ACCOUNTS, manifests.serviceAccount, TEST_MANAGER);
  await admin.create(CLUSTER_ROLES, manifests.clusterRole, TEST_MANAGER);
  await admin.create(CLUSTER_ROLE_BINDINGS, manifests.clusterRoleBinding, TEST_MANAGER);
  for (const role of manifests.roles) await admin.create(ROLES, role, TEST_MANAGER);
  for (const binding of manifests.roleBindings)
    await admin.create(ROLE_BINDINGS, binding, TEST_MANAGER);
  const user = userOf(manifests.serviceAccount.metadata);
  await untilGranted(admin, user, [manifests.clusterRole, ...manifests.roles]);
  const config = loadKubeConfig(cluster);
  const path = join(folder, 'operator.kubeconfig');
  const { namespace = '', name } = manifests.serviceAccount.metadata;
  writeFileSync(path, await serviceAccountKubeconfig(admin, config, namespace, name));
  return path;
}

type Spec = NonNullable<KubeIntegration['spec']>;

/** An integration in its own namespace, observed from outside. */
export class TestIntegration {
  readonly namespace: string;
  readonly name: string;
  readonly #fixture: OperatorFixture;

  constructor(fixture: OperatorFixture, namespace: string, name: string) {
    this.#fixture = fixture;
    this.namespace = namespace;
    this.name = name;
  }

  static async create(
    fixture: OperatorFixture,
    spec: Spec = {},
    name = 'idp',
  ): Promise<TestIntegration> {
    const namespace = await createNamespace(fixture.admin, 'tenant');
    return TestIntegration.createIn(fixture, namespace, spec, name);
  }

  static async createIn(
    fixture: OperatorFixture,
    namespace: string,
    spec: Spec = {},
    name = 'idp',
  ): Promise<TestIntegration> {
    const integration = new TestIntegration(fixture, namespace, name);
    await integration.apply(spec);
    return integration;
  }

  get key() {
    return { namespace: this.namespace, name: this.name };
  }

  async apply(spec: Spec = {}): Promise<void> {
    await this.#fixture.admin.apply(
      SCIM_INTEGRATIONS,
      { metadata: this.key, spec } as KubeObject,
      TEST_MANAGER,
    );
  }

  async patch(patch: object): Promise<void> {
    await this.#fixture.admin.mergePatch(SCIM_INTEGRATIONS, this.key, patch, {
      fieldManager: TEST_MANAGER,
    });
  }

  get(): Promise<KubeIntegration> {
    return this.#fixture.admin.get(SCIM_INTEGRATIONS, this.key);
  }

  async condition(type: string) {
    const { status } = await this.get();
    return status?.conditions?.find((condition) => condition.type === type);
  }

  /** Waits until the operator has seen the latest spec and Ready has this status (and `reason`). */
  settled(status: 'True' | 'False', reason?: string): Promise<KubeIntegration> {
    return eventually(async () => {
      const integration = await this.get();
      const ready = integration.status?.conditions?.find(({ type }) => type === 'Ready');
      const seen = integration.status?.observedGeneration === integration.metadata.generation;
      if (!seen || ready?.status !== status || (reason !== undefined && ready.reason !== reason)) {
        throw new Error(`not settled: ${JSON.stringify(integration.status)}`);
      }
      return integration;
    });
  }

  secret(name = `${this.name}-scim-token`): Promise<Secret> {
    return this.#fixture.admin.get<Secret>(SECRETS, { namespace: this.namespace, name });
  }

  async token(name?: string): Promise<string> {
    return textOf(await this.secret(name), 'token') ?? '';
  }

  /** Returns the integration that the token belongs to, or undefined, which means 401. */
  async authenticate(token: string): Promise<IntegrationRecord | undefined> {
    const { status } = await this.get().catch(() => ({ status: undefined }));
    const id = status?.integrationId ?? this.#lastId;
    if (id === undefined) return undefined;
    this.#lastId = id;
    const found = await authenticate(this.#fixture.store, this.namespace, id, token, Date.now());
    return found?.integration;
  }
  #lastId: string | undefined;

  async delete(): Promise<void> {
    await this.authenticate('');
    await this.#fixture.admin.delete(SCIM_INTEGRATIONS, this.key);
  }
}

export const unique = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`;
