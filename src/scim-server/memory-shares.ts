/**
 * Bounds what is in memory at one time for large requests and responses, for each integration and
 * for the process.
 */
import {
  MAX_ANSWERS,
  MAX_ANSWERS_OF_INTEGRATION,
  MAX_BODIES,
  MAX_BODIES_OF_INTEGRATION,
  SMALL_BODY_BYTES,
} from '../scim/limits.ts';
import type { LongBody } from './answer.ts';
import { answersOfOthers, bodiesOfOthers, tooManyAnswers, tooManyBodies } from './error.ts';

interface ShareLimits {
  readonly ofIntegration: number;
  readonly ofAll: number;
  /** The integration has too much. */
  tooMany(limit: number): Error;
  /** Others have too much. */
  ofOthers(): Error;
}

/** Bytes that are held. */
class MemoryShares {
  readonly #limits: ShareLimits;
  #total = 0;
  readonly #ofIntegration = new Map<string, number>();

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Throws ScimError 429 or 503 if there is no room for the bytes. */
  check(integrationId: string, bytes: number): void {
    const { ofIntegration, ofAll, tooMany, ofOthers } = this.#limits;
    const own = this.#ofIntegration.get(integrationId) ?? 0;
    if (own + bytes > ofIntegration) throw tooMany(ofIntegration);
    if (this.#total + bytes > ofAll) throw ofOthers();
  }

  take(integrationId: string, bytes: number): void {
    this.#change(integrationId, bytes);
  }

  give(integrationId: string, bytes: number): void {
    this.#change(integrationId, -bytes);
  }

  /** What an integration has beyond its limit is not counted for all, or others would be refused. */
  #change(integrationId: string, by: number): void {
    const { ofIntegration } = this.#limits;
    const before = this.#ofIntegration.get(integrationId) ?? 0;
    const after = before + by;
    this.#total += Math.min(after, ofIntegration) - Math.min(before, ofIntegration);
    if (after > 0) this.#ofIntegration.set(integrationId, after);
    else this.#ofIntegration.delete(integrationId);
  }
}

/** A body that doesn't fit is refused before it is read. */
export const bodyShares = () =>
  new MemoryShares({
    ofIntegration: MAX_BODIES_OF_INTEGRATION,
    ofAll: MAX_BODIES,
    tooMany: tooManyBodies,
    ofOthers: bodiesOfOthers,
  });

/** The body of one request, from its arrival to the response. */
export class HeldBody {
  readonly #shares: MemoryShares;
  #integrationId = '';
  #size = 0;
  #taken = 0;

  constructor(shares: MemoryShares) {
    this.#shares = shares;
  }

  /** Call this before the bytes are kept. Throws ScimError 429 or 503. */
  grow(integrationId: string, bytes: number): void {
    this.#integrationId = integrationId;
    this.#size += bytes;
    if (this.#size <= SMALL_BODY_BYTES) return;
    const more = this.#size - this.#taken;
    this.#shares.check(integrationId, more);
    this.#shares.take(integrationId, more);
    this.#taken = this.#size;
  }

  release(): void {
    if (this.#taken > 0) this.#shares.give(this.#integrationId, this.#taken);
    this.#taken = 0;
  }
}

/**
 * Long responses, from when they are there until they are sent. How long one is only turns out when
 * it is there. A read can still be refused then, but a write has been done, so the next requests
 * are refused in its place.
 */
export class HeldAnswers {
  readonly #shares = new MemoryShares({
    ofIntegration: MAX_ANSWERS_OF_INTEGRATION,
    ofAll: MAX_ANSWERS,
    tooMany: tooManyAnswers,
    ofOthers: answersOfOthers,
  });

  /** Call this before a request whose response may be long. Throws ScimError 429 or 503. */
  check(integrationId: string): void {
    this.#shares.check(integrationId, 0);
  }

  /** Returns the body that counts until it is sent or its client has gone. */
  hold(integrationId: string, body: LongBody): LongBody {
    const { bytes } = body;
    this.#shares.take(integrationId, bytes);
    let isHeld = true;
    const ended = () => {
      if (isHeld) this.#shares.give(integrationId, bytes);
      isHeld = false;
    };
    return { ...body, ended };
  }
}
