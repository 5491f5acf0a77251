/**
 * One connection to PostgreSQL, what is known about its server, and how long the server has been
 * silent.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { asStatementLost, isLost, isReadOnly } from '../errors.ts';
import { FIRST_LOOK, LOOK, LOOK_AT_NAMES, type Look, ReadOnlyError } from './looks.ts';
import { Prepared } from './prepared.ts';
import {
  type Answered,
  type Language,
  RoundTrip,
  type SentStatement,
  type WhenDone,
} from './round-trip.ts';
import { NAMED, type PooledSettings, UNNAMED } from './session-settings.ts';

/** TCP probes a silent peer after this time, then every second, ten times. */
export const KEEP_ALIVE = { keepAlive: true, keepAliveInitialDelayMillis: 5_000 } as const;
/** The longest that closing a connection waits for the peer. */
export const FAREWELL_MS = 1_000;

export interface Entry extends pg.ClientConfig {
  /** The driver's class, or a subclass of it. */
  readonly Client?: typeof pg.Client;
  /** Returns the text that the server gets for one of a statement. */
  readonly textOf?: (text: string) => string;
  /** Whether statements have names behind a pooler as well, if it looks after them. */
  readonly poolerPrepares?: boolean;
  /** Called when it turned out that the pooler doesn't look after them. */
  readonly onUnprepared?: () => void;
}

const same = (text: string): string => text;

export class Session {
  readonly openedAt = performance.now();
  /** When its server was last seen to accept writes. */
  lookedAt = 0;
  /** When it was last released. */
  idleSince = 0;
  /** It must not be used again. */
  lost = false;
  /** Nobody waits any longer for the statement that the server is executing. */
  givenUp = false;
  /** Its server accepts no writes. */
  standby = false;
  /** A pooler didn't look after its prepared statements. */
  unprepared = false;
  /** Called when a statement gets its response, even if nobody waits for it any more. */
  onAnswer: () => void = () => undefined;
  /** From 0 to 1. Spreads the ends of connections that were opened together. */
  readonly luck = Math.random();
  readonly #client: pg.Client;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  readonly #language: Language;
  /** Those without a response; the server is executing the first of them. */
  #roundTrips: RoundTrip[] = [];
  readonly #prepared: Prepared;
  #direct = false;
  #names = false;
  #askedAt: number | undefined;
  #giveUp: (error: Error) => void = () => undefined;

  private constructor(client: pg.Client, socket: Socket, textOf: Language['textOf']) {
    this.#client = client;
    this.#socket = socket;
    this.#language = { parsed: new Map(), textOf };
    this.#prepared = new Prepared(textOf);
    client.connection.on('noData', () => this.#roundTrips[0]?.handleNoData());
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

  /** Throws ReadOnlyError, or the error of the server or the network. */
  static async open(entry: Entry, deadlineMs: number): Promise<Session> {
    const socket = new Socket();
    const { Client = pg.Client, textOf = same, poolerPrepares = false, ...config } = entry;
    const client = new Client({ ...config, stream: () => socket, ...KEEP_ALIVE });
    const session = new Session(client, socket, textOf);
    const late = new Error('the server did not respond in time');
    const timer = setTimeout(() => socket.destroy(late), deadlineMs);
    try {
      await client.connect();
      await session.#lookFirst(poolerPrepares);
      return session;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Whether the server's session belongs to this connection. A pooler provides another one for each
   * transaction.
   */
  get direct(): boolean {
    return this.#direct;
  }

  /** Whether statements have names, under which the server keeps them prepared. */
  get names(): boolean {
    return this.#names;
  }

  /** What is set in each transaction, right after it began. */
  get settings(): readonly SentStatement[] {
    return this.#pooled?.ofTransaction ?? [];
  }

  /** The id of the server's process, if the session belongs to this connection. */
  get pid(): number {
    return (this.#client as unknown as { processID: number }).processID;
  }

  /** Whether the server can't be executing a statement for this connection any more. */
  get isBroken(): boolean {
    return this.lost && (!this.givenUp || this.#socket.destroyed);
  }

  /** When the statement that is waiting for its response was sent. */
  get askedAt(): number | undefined {
    return this.#askedAt;
  }

  /** Runs one statement. Only one `ask` or `askAll` may run at a time. */
  async ask(statement: SentStatement): Promise<Answered> {
    const [answer] = await this.askAll([statement]);
    if (answer === undefined) throw new Error('the server responded with nothing');
    return answer;
  }

  /**
   * Runs the statements in one round trip, up to the first that fails. They are a transaction of
   * their own unless one is running.
   */
  askAll(statements: readonly SentStatement[]): Promise<readonly Answered[]> {
    return new Promise((resolve, reject) => {
      const roundTrip = this.#roundTripOf(statements, (error, answers) => {
        if (error) reject(error);
        else resolve(answers);
      });
      this.#send([roundTrip], reject);
    });
  }

  /**
   * The same for statements that no transaction is running for. None waits for a lock longer than on
   * a direct connection.
   */
  async askAlone(statements: readonly SentStatement[]): Promise<readonly Answered[]> {
    const before = this.#before();
    return (await this.askAll([...before, ...statements])).slice(before.length);
  }

  /** The same for one that only reads. It waits for no row, and so it needs no limit for that. */
  askRead(statement: SentStatement): Promise<readonly Answered[]> {
    return this.#names ? this.askAlone([statement]) : this.askAll([statement]);
  }

  /**
   * Runs statements in one round trip, each in a transaction of its own: each even if those before
   * it fail. None waits for a lock longer than on a direct connection. Returns what the server
   * responded to each, or its error.
   */
  askEach(statements: readonly SentStatement[]): Promise<readonly (Answered | Error)[]> {
    return new Promise((resolve, reject) => {
      const outcomes: (Answered | Error)[] = [];
      const done: WhenDone = (error, answers) => {
        outcomes.push(error ?? answers.at(-1) ?? new Error('the server responded with nothing'));
        if (this.#roundTrips.length === 0) resolve(outcomes);
      };
      const [first, ...others] = statements.map((each) =>
        this.#roundTripOf([...this.#before(), each], done),
      );
      if (first) this.#send([first.with(others), ...others], reject);
    });
  }

  /** What precedes statements that are a transaction of their own. */
  #before(): readonly SentStatement[] {
    return this.#pooled === undefined ? [] : [this.#pooled.ofRoundTrip];
  }

  get #pooled(): PooledSettings | undefined {
    if (this.#direct) return undefined;
    return this.#names ? NAMED : UNNAMED;
  }

  #roundTripOf(statements: readonly SentStatement[], done: WhenDone): RoundTrip {
    const names = this.#names;
    const sent = names ? statements.map((each) => this.#prepared.named(each)) : statements;
    return new RoundTrip(sent, this.#language, (error, answers) => {
      this.#roundTrips.shift();
      const statementLost = names ? asStatementLost(error) : undefined;
      if (statementLost) this.#renounce();
      else if (error) this.lost ||= isLost(error);
      this.standby ||= isReadOnly(error);
      if (this.#roundTrips.length === 0) {
        this.#askedAt = undefined;
        this.onAnswer();
      }
      done(statementLost ?? error, answers);
    });
  }

  /** A session of our own has lost what it knew, but the next one keeps statements again. */
  #renounce(): void {
    if (this.#direct) {
      this.lost = true;
      return;
    }
    this.unprepared = true;
    this.useNoNames();
  }

  /** Behind a pooler, statements have no names from now on. */
  useNoNames(): void {
    if (!this.#direct) this.#names = false;
  }

  #send(roundTrips: RoundTrip[], reject: (error: Error) => void): void {
    this.#askedAt = performance.now();
    this.#giveUp = reject;
    this.#roundTrips = [...roundTrips];
    for (const each of roundTrips) this.#client.query(each);
  }

  /** Throws ReadOnlyError. */
  async look(): Promise<void> {
    const [row] = (await this.ask({ text: LOOK })).rows as Look[];
    this.#judge(row);
  }

  async #lookFirst(poolerPrepares: boolean): Promise<void> {
    const [row] = (await this.ask({ text: FIRST_LOOK, values: [this.pid] })).rows as Look[];
    this.#direct = row?.direct === true;
    this.#judge(row);
    this.#names = this.#direct || (poolerPrepares && (await this.#isRenaming()));
  }

  async #isRenaming(): Promise<boolean> {
    try {
      const [row] = (await this.ask(LOOK_AT_NAMES)).rows as { readonly renamed: boolean }[];
      return row?.renamed === true;
    } catch (error) {
      if (asStatementLost(error) === undefined) throw error;
      return false;
    }
  }

  #judge(row: Look | undefined): void {
    if (row?.standby !== false) {
      this.lost = true;
      this.standby = true;
      throw new ReadOnlyError();
    }
    this.lookedAt = performance.now();
  }

  /**
   * Rejects the statement that is waiting; the connection stays open until its response arrives.
   */
  giveUp(error: Error): void {
    this.lost = true;
    this.givenUp = true;
    this.#giveUp(error);
  }

  /** Ends the connection immediately and rejects the statement that is waiting. */
  destroy(error: Error): void {
    this.giveUp(error);
    this.#socket.destroy();
  }

  /** Ends the connection properly, if the server is still there. */
  async close(): Promise<void> {
    this.lost = true;
    if (this.#askedAt !== undefined) this.#socket.destroy();
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL_MS);
    this.#client.end().catch(() => undefined);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Resolves when the connection has ended for whatever reason. */
  get ended(): Promise<void> {
    return this.#ended;
  }
}
