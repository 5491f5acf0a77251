/** The result of a reconcile of the token, from which the status is built. */
import type { Obstacle } from '../obstacle.ts';
import type { TokenSubject } from './hashes.ts';
import { handledRotate, nextDue, type TokenPair } from './rotation.ts';

/** A token that works. */
interface HeldToken {
  readonly keyId: string;
  readonly issuedAt: Date;
  /** Until when the previous token works; undefined if there is none. */
  readonly previousExpiresAt?: Date | undefined;
  readonly handledRotate: string;
  /**
   * When the token must be looked at again although nothing has changed, in milliseconds since the
   * epoch; infinite if never.
   */
  readonly dueAt: number;
}

interface IssuedToken extends HeldToken {
  readonly kind: 'issued';
  /** It is still in its former Secret, not in the one that the spec names. */
  readonly unmoved?: boolean;
  /** The failure of a change that would have followed. */
  readonly error?: unknown;
}

export interface BlockedToken {
  readonly kind: 'obstacle';
  readonly obstacle: Obstacle;
  /** The token that works nevertheless; undefined if none does. */
  readonly held: HeldToken | undefined;
  /** The failure, if a call failed. */
  readonly error?: unknown;
}

export type TokenOutcome = IssuedToken | BlockedToken;

export function issued(subject: TokenSubject, pair: TokenPair): IssuedToken {
  return { kind: 'issued', ...held(subject, pair) };
}

/** A change failed and left everything as it was. A requested rotation is still to come. */
export function undone(subject: TokenSubject, pair: TokenPair, error: unknown): IssuedToken {
  return { ...issued({ ...subject, paused: true }, pair), error };
}

export function blocked(
  subject: TokenSubject,
  obstacle: Obstacle,
  pair?: TokenPair | undefined,
): BlockedToken {
  return {
    kind: 'obstacle',
    obstacle,
    held: pair && held({ ...subject, paused: true }, pair),
  };
}

function held({ integration, paused }: TokenSubject, { current, previous }: TokenPair): HeldToken {
  return {
    keyId: current.keyId,
    issuedAt: new Date(current.issuedAt),
    previousExpiresAt: previous && new Date(previous.expiresAt),
    handledRotate: handledRotate(integration, paused),
    dueAt: nextDue(integration, { current, previous }, paused),
  };
}
