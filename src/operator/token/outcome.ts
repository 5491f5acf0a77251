/** What a reconcile found out about the token; the status says it to people. */
import type { Obstacle } from '../obstacle.ts';
import type { TokenSubject } from './hashes.ts';
import { handledRotate, nextDue, type TokenPair } from './rotation.ts';

/** A token that works. */
interface HeldToken {
  readonly keyId: string;
  readonly issuedAt: Date;
  /** Until when the token before works, while it does. */
  readonly previousExpiresAt?: Date | undefined;
  readonly handledRotate: string;
  /**
   * When something is to be done next without anybody's change, in milliseconds since the epoch;
   * infinite: never.
   */
  readonly dueAt: number;
}

interface IssuedToken extends HeldToken {
  readonly kind: 'issued';
  /** Still in the Secret that it was in before the spec named another. */
  readonly unmoved?: boolean;
  /** What was to be done about it and failed. */
  readonly error?: unknown;
}

export interface BlockedToken {
  readonly kind: 'obstacle';
  readonly obstacle: Obstacle;
  /** Works on all the same; undefined: no token works now. */
  readonly held: HeldToken | undefined;
  /** What failed, where something did. */
  readonly error?: unknown;
}

export type TokenOutcome = IssuedToken | BlockedToken;

export function issued(subject: TokenSubject, pair: TokenPair): IssuedToken {
  return { kind: 'issued', ...held(subject, pair) };
}

/** What was to be done is left as it was: a rotation that was asked for is still to come. */
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
