/**
 * Bounds the bodies that are in memory at one time, for each integration and for the process. One
 * that doesn't fit is refused before it is read.
 */
import { MAX_BODIES, MAX_BODIES_OF_INTEGRATION, SMALL_BODY_BYTES } from '../scim/limits.ts';
import { bodiesOfOthers, tooManyBodies } from './error.ts';

/** Bytes of the bodies that are held. */
export class BodyShares {
  #total = 0;
  readonly #ofIntegration = new Map<string, number>();

  /** Throws ScimError 429 or 503, and then holds nothing more. */
  take(integrationId: string, bytes: number): void {
    const own = (this.#ofIntegration.get(integrationId) ?? 0) + bytes;
    if (own > MAX_BODIES_OF_INTEGRATION) throw tooManyBodies(MAX_BODIES_OF_INTEGRATION);
    if (this.#total + bytes > MAX_BODIES) throw bodiesOfOthers();
    this.#total += bytes;
    this.#ofIntegration.set(integrationId, own);
  }

  give(integrationId: string, bytes: number): void {
    const left = (this.#ofIntegration.get(integrationId) ?? 0) - bytes;
    this.#total -= bytes;
    if (left > 0) this.#ofIntegration.set(integrationId, left);
    else this.#ofIntegration.delete(integrationId);
  }
}

/** The body of one request, from its arrival to the response. */
export class HeldBody {
  readonly #shares: BodyShares;
  #integrationId = '';
  #size = 0;
  #taken = 0;

  constructor(shares: BodyShares) {
    this.#shares = shares;
  }

  /** Call this before the bytes are kept. Throws ScimError 429 or 503. */
  grow(integrationId: string, bytes: number): void {
    this.#integrationId = integrationId;
    this.#size += bytes;
    if (this.#size <= SMALL_BODY_BYTES) return;
    this.#shares.take(integrationId, this.#size - this.#taken);
    this.#taken = this.#size;
  }

  release(): void {
    if (this.#taken > 0) this.#shares.give(this.#integrationId, this.#taken);
    this.#taken = 0;
  }
}
