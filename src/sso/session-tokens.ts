/**
 * The Kubernetes tokens behind sessions. While a session is used, its token is reviewed again, so
 * that a revoked one ends it.
 */
import { AccessError } from '../access/error.ts';
import { TtlCache } from '../access/ttl-cache.ts';
import type { TokenHolder, TokenSession } from '../directory/store/sessions.ts';
import type { TokenReviewer } from './kubernetes-token.ts';
import { Seal } from './seal.ts';

/** With the seconds for which the API server itself remembers a token, this is under a minute. */
const REVIEWED_MS = 30_000;
const MOST_REMEMBERED = 10_000;

export class SessionTokens {
  readonly #reviewer: TokenReviewer;
  readonly #recent: TtlCache<TokenHolder | undefined>;

  /** `clock` is monotonic, in milliseconds. */
  constructor(reviewer: TokenReviewer, clock: () => number) {
    this.#reviewer = reviewer;
    this.#recent = new TtlCache(clock, MOST_REMEMBERED, REVIEWED_MS);
  }

  /**
   * Encrypts a token for the row of its session. The key is the secret in the cookie, which is not
   * stored: neither the directory nor the cookie is enough to read the token.
   */
  close(token: string, hash: string, secret: string): string {
    return sealOf(secret).close(token, hash);
  }

  /**
   * The holder as of now; undefined if the API server does not accept the token any more. Rejects
   * with AccessError if it does not say.
   */
  holderOf(session: TokenSession, secret: string): Promise<TokenHolder | undefined> {
    return this.#recent.get(session.hash, () => this.#review(session, secret));
  }

  async #review({ hash, holder, sealedToken }: TokenSession, secret: string) {
    const token = sealOf(secret).open(sealedToken, hash);
    if (token === undefined) return undefined;
    const reviewed = await this.#reviewer.review(token);
    if (!('reason' in reviewed)) {
      const isSame = reviewed.holder.user === holder.user && reviewed.holder.uid === holder.uid;
      return isSame ? reviewed.holder : undefined;
    }
    if (reviewed.reason === 'tokenRefused') return undefined;
    throw new AccessError('the token of your session could not be checked; try again in a moment');
  }
}

const sealOf = (secret: string): Seal =>
  new Seal(Buffer.from(secret, 'base64url').toString('hex'), 'Kubernetes token');
