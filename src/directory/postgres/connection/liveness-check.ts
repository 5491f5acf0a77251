/**
 * Looks after statements that get no response. The server is asked on another connection which
 * statements it is executing. A statement that it isn't executing was lost on the way, and so is
 * its connection. A statement that it is executing is waited for.
 */
import { DatabaseError } from 'pg';
import type { Session } from './session.ts';

/**
 * Selects sessions of this process only, because part of the name is unique. Behind a pooler, the
 * server's session has that name.
 */
const AT_WORK = `
  SELECT pid
  FROM pg_stat_activity
  WHERE application_name = current_setting('application_name')
    AND pid <> pg_backend_pid()
    AND state NOT LIKE 'idle%'
`;

interface Patience {
  readonly acquireMs: number;
  readonly suspicionMs: number;
  readonly unreachableMs: number;
  readonly silenceMs: number;
}

interface Asked {
  readonly session: Session;
  readonly askedAt: number;
}

export class LivenessCheck {
  readonly #open: () => Promise<Session>;
  readonly #patience: Patience;
  /** Kept open while there are statements to look after. */
  #own: Session | undefined;
  #looking = false;
  #closed = false;

  constructor(open: () => Promise<Session>, patience: Patience) {
    this.#open = open;
    this.#patience = patience;
  }

  /** Ends the dead connections. Returns whether there were any. */
  async look(sessions: readonly Session[]): Promise<boolean> {
    if (this.#looking || this.#closed) return false;
    const silent = silentFor(this.#patience.suspicionMs, sessions);
    if (silent.length === 0) {
      this.#rest();
      return false;
    }
    this.#looking = true;
    try {
      return await this.#judge(silent);
    } finally {
      this.#looking = false;
    }
  }

  close(): void {
    this.#closed = true;
    this.#rest();
  }

  #rest(): void {
    const own = this.#own;
    this.#own = undefined;
    void own?.close();
  }

  async #judge(silent: readonly Asked[]): Promise<boolean> {
    const { unreachableMs, silenceMs } = this.#patience;
    const sessions = silent.map(({ session }) => session);
    let atWork: readonly number[] | undefined;
    let reason: unknown;
    try {
      atWork = await this.#atWork();
    } catch (error) {
      reason = error;
    }
    // Statements that got their response meanwhile no longer count.
    const waiting = silent.filter(({ session, askedAt }) => session.askedAt === askedAt);
    const bound = reason instanceof DatabaseError ? silenceMs : unreachableMs;
    const lost =
      atWork === undefined
        ? silentFor(bound, sessions).map(({ session }) => session)
        : lostAmong(waiting, atWork);
    const nobody = new Error('the connection is dead', { cause: reason });
    for (const session of lost) session.destroy(nobody);
    const late = new Error('the server took too long over the statement');
    for (const { session } of silentFor(silenceMs, sessions)) session.giveUp(late);
    return lost.length > 0;
  }

  async #atWork(): Promise<readonly number[]> {
    const own = this.#own ?? (await this.#open());
    this.#own = own;
    if (this.#closed) this.#rest();
    const silence = new Error('the server did not respond in time');
    const timer = setTimeout(() => own.destroy(silence), this.#patience.acquireMs);
    try {
      const { rows } = await own.ask({ text: AT_WORK });
      return (rows as { pid: number }[]).map(({ pid }) => pid);
    } catch (error) {
      this.#own = undefined;
      void own.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function silentFor(milliseconds: number, sessions: readonly Session[]): Asked[] {
  const now = performance.now();
  return sessions.flatMap((session) => {
    const { askedAt } = session;
    return askedAt === undefined || now - askedAt < milliseconds ? [] : [{ session, askedAt }];
  });
}

/**
 * Returns the sessions whose statements the server isn't executing. Behind a pooler, the server's
 * processes have no fixed connection, so only their number counts. The statements that have waited
 * longest are taken for lost: a pooler serves in order, so earlier ones have had their response or
 * are being executed.
 */
export function lostAmong<S extends Pick<Session, 'direct' | 'pid'>>(
  waiting: readonly { readonly session: S; readonly askedAt: number }[],
  atWork: readonly number[],
): S[] {
  const direct = waiting.filter(({ session }) => session.direct);
  const pooled = waiting
    .filter(({ session }) => !session.direct)
    .toSorted((a, b) => a.askedAt - b.askedAt);
  return [
    ...direct.filter(({ session }) => !atWork.includes(session.pid)),
    ...pooled.slice(0, Math.max(0, pooled.length - atWork.length)),
  ].map(({ session }) => session);
}
