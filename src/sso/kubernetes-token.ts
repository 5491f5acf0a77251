/** Signs in the holder of a Kubernetes token: the way in before any provider is set up. */
import { decodeJwt } from 'jose';
import { BusyError, ConcurrencyLimit } from '../access/concurrency-limit.ts';
import type { TokenHolder } from '../directory/store/sessions.ts';
import type { Client } from '../kube/client.ts';
import { outcomeOf } from '../kube/errors.ts';
import { TOKEN_REVIEWS } from '../kube/resource.ts';

/** Tokens for the API server itself, such as those in pods, must not open a session. */
const AUDIENCE = 'scim-operator';

const MOST_CHARACTERS = 16_384;
const FORM = /^[!-~]+$/;
/** Of the API server. */
const REVIEWS = { what: 'sign-ins', atOnce: 8, waiting: 64 };

interface TokenReview {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: {
      readonly username?: string;
      readonly uid?: string;
      readonly groups?: readonly string[];
      readonly extra?: Readonly<Record<string, readonly string[]>>;
    };
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
}

/** `expiresAt` is undefined for a token that doesn't say it. */
type Reviewed =
  | { readonly holder: TokenHolder; readonly expiresAt: number | undefined }
  | { readonly reason: 'tokenRefused' | 'busy' | 'noReview'; readonly detail: string };

export class TokenReviewer {
  readonly #client: Pick<Client, 'review'>;
  readonly #now: () => number;
  readonly #limit = new ConcurrencyLimit(REVIEWS);

  constructor(client: Pick<Client, 'review'>, now: () => number) {
    this.#client = client;
    this.#now = now;
  }

  async review(token: string): Promise<Reviewed> {
    const refused = (detail: string) => ({ reason: 'tokenRefused' as const, detail });
    if (token.length > MOST_CHARACTERS || !FORM.test(token)) return refused('not a token');
    const claims = claimsOf(token);
    const expiresAt = claims?.exp === undefined ? undefined : claims.exp * 1_000;
    // Saves the API server a review, of which a stranger could ask for any number.
    if (claims !== undefined && ![claims.aud].flat().includes(AUDIENCE))
      return refused(`the token is not for the audience ${AUDIENCE}`);
    if (expiresAt !== undefined && expiresAt <= this.#now())
      return refused('the token has expired');
    try {
      const spec = { token, audiences: [AUDIENCE] };
      const { status } = await this.#limit.run(() =>
        this.#client.review<TokenReview>(TOKEN_REVIEWS, spec),
      );
      if (status?.authenticated !== true)
        return refused('the API server does not accept the token');
      // An API server that knows no audiences leaves them out, and would accept any token.
      if (status.audiences?.includes(AUDIENCE) !== true)
        return refused(`the API server does not confirm the audience ${AUDIENCE}`);
      const { username = '', uid, groups = [], extra = {} } = status.user ?? {};
      if (username === '') return refused('the API server does not name the holder');
      const holder = { user: username, groups, extra, ...(uid === undefined ? {} : { uid }) };
      return { holder, expiresAt };
    } catch (error) {
      if (error instanceof BusyError) return { reason: 'busy', detail: error.message };
      return { reason: 'noReview', detail: `the API server ${outcomeOf(error)}` };
    }
  }
}

/** Unverified: only a TokenReview makes them true. */
function claimsOf(token: string) {
  try {
    return decodeJwt(token);
  } catch {
    return undefined;
  }
}
