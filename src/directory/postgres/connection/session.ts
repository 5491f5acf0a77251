/**
 * One connection to PostgreSQL, what is known of the server behind it, and how long that has been
 * silent.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { isLost, isReadOnly } from '../errors.ts';

/** TCP probes a silent peer after this time, then every second, ten times. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const;
/** The longest that closing a connection waits for the peer. */
export const FAREWELL_MS = 1_000;

/**
 * What every connection of ours wants, where the session is its own. Longer than any request is
 * waited for by Okta and Entra ID.
 */
export const SESSION_SETTINGS = {
  statement_timeout: '60s',
  // What a process that vanished has locked. Ours are never idle there.
  idle_in_transaction_session_timeout: '10s',
} as const;

/**
 * BIGINT and NUMERIC as numbers: none is beyond 2^53. JSON stays text, which is parsed where it is
 * needed.
 */
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const { builtins } = pg.types;
    if (oid === builtins.INT8 || oid === builtins.NUMERIC) return Number;
    if (oid === builtins.JSON) return String;
    return pg.types.getTypeParser(oid, format);
  },
};

/** The server is a standby, or was told to take no writes: what it says may be old. */
class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError';
  constructor() {
    super('the server accepts no writes');
  }
}

const SET = Object.entries(SESSION_SETTINGS)
  .map(([name, value]) => `set_config('${name}', '${value}', false)`)
  .join(' || ');
/**
 * The process that answers is the one that the connection was promised, unless a pooler is between.
 */
const FIRST_LOOK = `
  SELECT pg_backend_pid() = $1 AS direct,
    current_setting('transaction_read_only') = 'on' AS standby,
    CASE WHEN pg_backend_pid() = $1 THEN ${SET} END
`;
const LOOK = `SELECT current_setting('transaction_read_only') = 'on' AS standby`;

export interface Entry extends pg.ClientConfig {
  /** The driver's own, or one that knows more. */
  readonly Client?: typeof pg.Client;
}

export class Session {
  readonly openedAt = performance.now();
  /** When its server was last seen to take writes. */
  lookedAt = 0;
  /** When the last user was done with it. */
  idleSince = 0;
  /** Not to be used again. */
  lost = false;
  /** Its user waits no longer for what the server is at work on. */
  givenUp = false;
  /** Its server takes no writes. */
  standby = false;
  /** Called when a statement is answered, for who waits for that after the user has gone. */
  onAnswer: () => void = () => undefined;
  /** From 0 to 1: those that were opened together don't go together. */
  readonly luck = Math.random();
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  #direct = false;
  #askedAt: number | undefined;
  #giveUp: (error: Error) => void = () => undefined;

  private constructor(client: pg.Client, socket: Socket) {
    this.#client = client;
    this.#socket = socket;
    client.on('error', () => {
      this.lost = true;
    });
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.lost = true;
        resolve();
      });
    });
  }

  /** Throws ReadOnlyError, what the server says, or what the network does. */
  static async open(entry: Entry, deadlineMs: number): Promise<Session> {
    const socket = new Socket();
    const { Client = pg.Client, ...config } = entry;
    const client = new Client({
      ...config,
      stream: () => socket,
      ...KEEP_ALIVE,
      types: TYPES,
    });
    const session = new Session(client, socket);
    const late = new Error('the server did not respond in time');
    const timer = setTimeout(() => socket.destroy(late), deadlineMs);
    try {
      await client.connect();
      await session.#lookFirst();
      return session;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Whether the server's session is this connection's own; a pooler gives it another one for each
   * transaction.
   */
  get direct(): boolean {
    return this.#direct;
  }

  /** Of the server's process, where the session is this connection's own. */
  get pid(): number {
    return (this.#client as unknown as { processID: number }).processID;
  }

  /** When the statement was sent that is not answered yet. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /** Of statements, one at a time. */
  ask(query: pg.QueryConfig): Promise<pg.QueryResult> {
    return new Promise((resolve, reject) => {
      this.#askedAt = performance.now();
      this.#giveUp = reject;
      // What a pooler's next server has prepared is not known.
      const sent = this.#direct || query.name === undefined ? query : { ...query, name: '' };
      void this.#client.query(sent, (error: Error | null, result: pg.QueryResult) => {
        this.#askedAt = undefined;
        if (error) this.lost ||= isLost(error);
        this.standby ||= isReadOnly(error);
        this.onAnswer();
        if (error) reject(error);
        else resolve(result);
      });
    });
  }

  /** Throws ReadOnlyError. */
  async look(): Promise<void> {
    this.#judge((await this.ask({ name: 'look', text: LOOK })).rows);
  }

  async #lookFirst(): Promise<void> {
    const { rows } = await this.ask({ text: FIRST_LOOK, values: [this.pid] });
    this.#direct = rows[0]?.direct === true;
    this.#judge(rows);
  }

  #judge([row]: readonly { standby?: boolean }[]): void {
    if (row?.standby !== false) {
      this.lost = true;
      this.standby = true;
      throw new ReadOnlyError();
    }
    this.lookedAt = performance.now();
  }

  /** Whoever waits for an answer gets the error; the connection stays until the answer comes. */
  giveUp(error: Error): void {
    this.lost = true;
    this.givenUp = true;
    this.#giveUp(error);
  }

  /** Ends the connection at once; whoever waits for an answer gets the error. */
  destroy(error: Error): void {
    this.giveUp(error);
    this.#socket.destroy();
  }

  /** Ends the connection in good order, where there is somebody to hear it. */
  async close(): Promise<void> {
    this.lost = true;
    if (this.#askedAt !== undefined) this.#socket.destroy();
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
    this.#client.end().catch(() => undefined);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Resolves when the connection is gone, however that came. */
  get ended(): Promise<void> {
    return this.#ended;
  }
}
