/** What a reconcile found out about the token; the status says it to people. */
import type { Obstacle } from './checks.ts';
import { handledRotate, nextDue, type TokenPair } from './rotation.ts';
import type { TokenSubject } from './token-hashes.ts';

export interface IssuedToken {
  readonly kind: 'issued';
  readonly keyId: string;
  /** Still in the Secret that it was in before the spec named another. */
  readonly unmoved?: boolean;
  readonly issuedAt: Date;
  /** Until when the token before works, while it does. */
  readonly previousExpiresAt?: Date | undefined;
  readonly handledRotate: string;
  /** When something is to be done next without anybody's change, in milliseconds since the epoch; infinite: never. */
  readonly dueAt: number;
}

export type TokenOutcome =
  | IssuedToken
  | {
      readonly kind: 'obstacle';
      readonly obstacle: Obstacle;
      /** No token works now. */
      readonly ended: boolean;
      /** What failed, where something did. */
      readonly error?: unknown;
    };

export function issued(
  { integration, paused }: TokenSubject,
  { current, previous }: TokenPair,
): IssuedToken {
  return {
    kind: 'issued',
    keyId: current.keyId,
    issuedAt: new Date(current.issuedAt),
    previousExpiresAt: previous && new Date(previous.expiresAt),
    handledRotate: handledRotate(integration, paused),
    dueAt: nextDue(integration, { current, previous }, paused),
  };
}
