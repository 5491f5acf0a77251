/** Reconciles the tokens of one integration without an operator, at a time that the test sets. */
import { authenticate } from '../../../src/directory/tokens.ts';
import type { Secret } from '../../../src/kube/objects.ts';
import { EVENTS, type KubeObject, SECRETS } from '../../../src/kube/resource.ts';
import { TEST_MANAGER } from '../kube/cluster.ts';
import { CLUSTER_UID } from './context.ts';
import { Lifetime } from './crashing.ts';
import { type OperatorFixture, TestIntegration } from './fixture.ts';
import { runProcess } from './process.ts';

export const SECOND = 1_000;
export const HOUR = 3_600_000;

type Spec = Parameters<TestIntegration['apply']>[0];

interface Event extends KubeObject {
  readonly reason: string;
  readonly note: string;
}

export class TestTokens {
  readonly integration: TestIntegration;
  /** Milliseconds since the epoch, in whole seconds as in the status. */
  now = Math.ceil(Date.now() / SECOND) * SECOND;
  readonly #fixture: OperatorFixture;

  constructor(fixture: OperatorFixture, integration: TestIntegration) {
    this.#fixture = fixture;
    this.integration = integration;
  }

  static async create(fixture: OperatorFixture, spec: Spec = {}): Promise<TestTokens> {
    return new TestTokens(fixture, await TestIntegration.create(fixture, spec));
  }

  get namespace(): string {
    return this.integration.namespace;
  }

  /**
   * Runs a new process until there is nothing left to do or its life is over. Returns the
   * milliseconds until the next reconcile.
   */
  async reconcile(life = new Lifetime()): Promise<number | undefined> {
    const now = () => new Date(this.now);
    const { requeueAfterMs } = await runProcess(this.#fixture, this.namespace, life, { now });
    return requeueAfterMs;
  }

  async writes(): Promise<readonly string[]> {
    const life = new Lifetime();
    await this.reconcile(life);
    return life.writes;
  }

  annotate(name: 'rotate' | 'reconcile', value: string | null): Promise<void> {
    const annotations = { [`scim-operator.dev/${name}`]: value };
    return this.integration.patch({ metadata: { annotations } });
  }

  token(name?: string): Promise<string> {
    return this.integration.token(name);
  }

  async id(): Promise<string> {
    const owner = { clusterUid: CLUSTER_UID, ...this.integration.key };
    return (await this.#fixture.store.integrations.find(owner))?.id ?? '';
  }

  /** Evaluated at the time `now`. */
  async accepts(token: string): Promise<boolean> {
    const found = await authenticate(
      this.#fixture.store,
      this.namespace,
      await this.id(),
      token,
      this.now,
    );
    return found !== undefined;
  }

  /** The number of hashes in the directory, including expired and pending ones. */
  async hashes(): Promise<number> {
    return (await this.#fixture.store.tokens.list(await this.id())).length;
  }

  async status() {
    return (await this.integration.get()).status ?? {};
  }

  async tokenReady(): Promise<string> {
    const condition = await this.integration.condition('TokenReady');
    return `${condition?.status} ${condition?.reason}`;
  }

  async events(reason: string): Promise<readonly string[]> {
    const { items } = await this.#fixture.admin.list<Event>(EVENTS, { namespace: this.namespace });
    return (items ?? []).filter((event) => event.reason === reason).map(({ note }) => note);
  }

  /** Creates a Secret that users maintain, with the token under the key `key`. */
  async keepSecret(name: string, token: string, labelled = true): Promise<void> {
    await this.#fixture.admin.create<Secret>(
      SECRETS,
      {
        metadata: {
          namespace: this.namespace,
          name,
          labels: labelled ? { 'scim-operator.dev/token': 'true' } : {},
        },
        data: { key: Buffer.from(token).toString('base64') },
      },
      TEST_MANAGER,
    );
  }

  async patchSecret(name: string, patch: object): Promise<void> {
    const key = { namespace: this.namespace, name };
    await this.#fixture.admin.mergePatch(SECRETS, key, patch, { fieldManager: TEST_MANAGER });
  }

  async deleteSecret(name: string): Promise<void> {
    await this.#fixture.admin.delete(SECRETS, { namespace: this.namespace, name });
  }
}
