/**
 * Collects every token that was ever in a Secret of the operator, to check that old ones are
 * refused.
 */
import { LABEL_MANAGED_BY, MANAGED_BY } from '../../src/crd/names.ts';
import { isWellFormedToken } from '../../src/directory/tokens.ts';
import type { Client } from '../../src/kube/client.ts';
import { type Secret, textOf } from '../../src/kube/objects.ts';
import { Reflector } from '../../src/kube/reflector.ts';
import { SECRETS } from '../../src/kube/resource.ts';
import { createLogger } from '../../src/logger.ts';

export interface SeenToken {
  readonly token: string;
  /** The path of its endpoint. */
  readonly path: string;
}

export class SeenTokens {
  readonly #secrets: Reflector<Secret>;
  readonly #stop = new AbortController();
  readonly #paths = new Map<string, string>();
  #running: Promise<void> | undefined;

  constructor(client: Client) {
    this.#secrets = new Reflector<Secret>({
      client,
      resource: SECRETS,
      labelSelector: `${LABEL_MANAGED_BY}=${MANAGED_BY}`,
      log: createLogger('silent'),
    });
    this.#secrets.store.onChange(({ object }) => this.#note(object));
  }

  async start(): Promise<void> {
    this.#running = this.#secrets.run(this.#stop.signal);
    await this.#secrets.synced;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get all(): readonly SeenToken[] {
    return [...this.#paths].map(([token, path]) => ({ token, path }));
  }

  #note(secret: Secret): void {
    const token = textOf(secret, 'token') ?? '';
    const endpoint = textOf(secret, 'endpoint') ?? '';
    if (!isWellFormedToken(token) || !URL.canParse(endpoint)) return;
    // A change may have spoiled the endpoint.
    const { pathname } = new URL(endpoint);
    if (pathname.startsWith('/api/')) this.#paths.set(token, pathname);
  }
}
