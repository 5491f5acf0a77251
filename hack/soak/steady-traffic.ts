/**
 * An identity provider that sends requests all the time, to an integration that is never changed.
 * No fault of the API server may make a request fail.
 */
import { randomUUID } from 'node:crypto';
import { SCIM_INTEGRATIONS } from '../../src/crd/names.ts';
import type { KubeIntegration } from '../../src/crd/objects.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import { type KubeObject, NAMESPACES, SECRETS } from '../../src/kube/resource.ts';
import { eventually } from '../../test/support/eventually.ts';
import { MANAGER, type World } from './world.ts';

const KEY = { namespace: 'steady', name: 'idp' };
const PAUSE_MS = 20;
/** A request that takes longer fails. */
const DEADLINE_MS = 30_000;

export interface Traffic {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Requests that failed while the process was killed or stopped. */
  readonly excused: number;
}

export class SteadyTraffic {
  readonly #world: World;
  readonly #base: string;
  readonly #token: string;
  readonly #failures: string[] = [];
  #answered = 0;
  #excused = 0;
  #stopped = false;
  #running: Promise<void> | undefined;

  private constructor(world: World, base: string, token: string) {
    this.#world = world;
    this.#base = base;
    this.#token = token;
  }

  static async start(world: World): Promise<SteadyTraffic> {
    const { admin, operator } = world;
    await admin.create(NAMESPACES, { metadata: { name: KEY.namespace } }, MANAGER);
    await admin.create<KubeObject>(SCIM_INTEGRATIONS, { metadata: KEY }, MANAGER);
    const endpoint = await eventually(async () => {
      const { status } = await admin.get<KubeIntegration>(SCIM_INTEGRATIONS, KEY);
      const ready = status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status !== 'True' || !status?.endpoint)
        throw new Error('the integration is not Ready');
      return status.endpoint;
    });
    const secret = await admin.get<Secret>(SECRETS, { ...KEY, name: `${KEY.name}-scim-token` });
    const base = `${operator.publicUrl}${new URL(endpoint).pathname}`;
    const traffic = new SteadyTraffic(world, base, textOf(secret, 'token') ?? '');
    traffic.#running = traffic.#run();
    return traffic;
  }

  async stop(): Promise<Traffic> {
    this.#stopped = true;
    await this.#running;
    return { answered: this.#answered, failures: this.#failures, excused: this.#excused };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const userName = `steady-${randomUUID()}`;
      await this.#send('POST', '/Users', 201, JSON.stringify({ userName }));
      const filter = encodeURIComponent(`userName eq "${userName}"`);
      await this.#send('GET', `/Users?filter=${filter}`, 200);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #send(method: string, path: string, wanted: number, body?: string): Promise<void> {
    const started = performance.now();
    const outcome = await this.#outcome(method, path, body);
    if (outcome === wanted) this.#answered += 1;
    else if (this.#world.downtime.covers(started, performance.now())) this.#excused += 1;
    else this.#failures.push(`${method} ${path}: ${outcome}`);
  }

  async #outcome(method: string, path: string, body?: string): Promise<number | string> {
    try {
      const answer = await fetch(`${this.#base}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.#token}`,
          'content-type': 'application/scim+json',
        },
        signal: AbortSignal.timeout(DEADLINE_MS),
        ...(body === undefined ? {} : { body }),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch (error) {
      const cause = error instanceof Error ? (error.cause ?? error) : error;
      return String(cause);
    }
  }
}
