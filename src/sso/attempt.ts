/**
 * A sign-in that has begun. The browser keeps it in a sealed cookie, one for each attempt, so that
 * two tabs don't disturb each other and no process has to remember anything.
 */
import { hash, randomBytes } from 'node:crypto';
import * as z from 'zod';
import { deleteCookie, setCookie } from './cookies.ts';
import { Seal } from './seal.ts';
import { UsedOnce } from './used-once.ts';

export interface Attempt {
  /** The name of the provider that it was begun with. */
  readonly provider: string;
  /** Undefined if the person didn't name one. */
  readonly tenant: string | undefined;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
  readonly startedAt: number;
}

const schema = z.strictObject({
  provider: z.string(),
  tenant: z.string().optional(),
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  returnTo: z.string(),
  startedAt: z.number(),
});

/** The time for typing a password and a second factor. */
const LIFETIME_MS = 600_000;
const PREFIX = '__Host-scim-attempt-';
/** A browser with more sends too much with each request. */
const MOST_OPEN = 5;

export class Attempts {
  readonly #seal: Seal;
  readonly #now: () => number;
  readonly #used = new UsedOnce();

  constructor(sealingKey: string, now: () => number) {
    this.#seal = new Seal(sealingKey, 'sign-in attempt');
    this.#now = now;
  }

  /** The `Set-Cookie` lines. They also delete attempts that are over or too many. */
  begin(
    wanted: Pick<Attempt, 'provider' | 'tenant' | 'returnTo' | 'verifier'>,
    cookies: ReadonlyMap<string, string>,
  ): { readonly attempt: Attempt; readonly setCookies: readonly string[] } {
    const attempt: Attempt = {
      ...wanted,
      state: randomBytes(32).toString('base64url'),
      nonce: randomBytes(32).toString('base64url'),
      startedAt: this.#now(),
    };
    const name = cookieOf(attempt.state);
    const sealed = this.#seal.close(JSON.stringify(attempt), name);
    const open = [...cookies]
      .filter(([other]) => other.startsWith(PREFIX))
      .map(([other, value]) => ({ other, at: this.#read(other, value)?.startedAt ?? 0 }))
      .toSorted((a, b) => b.at - a.at);
    const over = open.filter(({ at }, index) => at === 0 || index >= MOST_OPEN - 1);
    return {
      attempt,
      setCookies: [
        setCookie(name, sealed, LIFETIME_MS / 1_000),
        ...over.map(({ other }) => deleteCookie(other)),
      ],
    };
  }

  /** The attempt with this state, which can be taken only once. */
  take(state: string, provider: string, cookies: ReadonlyMap<string, string>): Attempt | undefined {
    const name = cookieOf(state);
    const attempt = this.#read(name, cookies.get(name));
    if (attempt?.state !== state || attempt.provider !== provider) return undefined;
    return this.#used.use(name) ? attempt : undefined;
  }

  /** The `Set-Cookie` line that deletes the attempt. */
  end(state: string): string {
    return deleteCookie(cookieOf(state));
  }

  #read(name: string, sealed: string | undefined): Attempt | undefined {
    const text = sealed === undefined ? undefined : this.#seal.open(sealed, name);
    if (text === undefined) return undefined;
    const { tenant, ...attempt } = schema.parse(JSON.parse(text));
    const age = this.#now() - attempt.startedAt;
    return age < 0 || age >= LIFETIME_MS ? undefined : { ...attempt, tenant };
  }
}

const cookieOf = (state: string): string =>
  `${PREFIX}${hash('sha256', state, 'base64url').slice(0, 22)}`;
