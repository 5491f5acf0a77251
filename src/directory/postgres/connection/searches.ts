/** Searches that may be long, on few of the connections. */
import { type SQL, sql } from 'drizzle-orm';
import { searchTooLong } from '../../../scim/error.ts';
import { MAX_WAITING_SEARCHES, SEARCH_TIMEOUT_MS } from '../../../scim/limits.ts';
import { SearchQueue } from '../../sql/search/queue.ts';
import { perform } from '../../sql/search/reader.ts';
import type { Steps } from '../../sql/search/steps.ts';
import type { Template } from '../../sql/template.ts';
import type { WaitingClient } from '../../store/resources.ts';
import type { SearchCounts } from '../../store/searches.ts';
import { isEnded } from '../errors.ts';

/** What a search needs of Connections. */
interface SearchQueries {
  all<Row>(statement: SQL<Row>): Promise<Row[]>;
  all<In extends object, Row>(template: Template<In, Row>, input: In): Promise<Row[]>;
  run(statement: SQL): Promise<number>;
}
export type Transaction = <T>(work: (queries: SearchQueries) => Promise<T>) => Promise<T>;

/** Every statement of the transaction sees the same state. */
const ON_ONE_STATE = sql`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`;
const endAfter = (ms: number): SQL =>
  sql`SELECT set_config('statement_timeout', ${`${Math.max(1, Math.round(ms))}ms`}, true)`;

/** Searches that run at a time. */
const AT_ONCE = 2;

export class Searches {
  readonly #transaction: Transaction;
  readonly #timeoutMs: number;
  readonly #queue: SearchQueue;

  /** `waiting` is how many searches of one integration may wait. */
  constructor(
    transaction: Transaction,
    waiting: number = MAX_WAITING_SEARCHES,
    timeoutMs: number = SEARCH_TIMEOUT_MS,
  ) {
    this.#transaction = transaction;
    this.#queue = new SearchQueue(AT_ONCE, waiting);
    this.#timeoutMs = timeoutMs;
  }

  get counts(): SearchCounts {
    return this.#queue;
  }

  /**
   * Runs the steps on one state of the database, in the turn of the integration. Rejects with 429 if
   * too many of its searches wait, and with 503 if they take too long.
   */
  run<T>(integrationId: string, steps: Steps<T>, client?: WaitingClient): Promise<T> {
    return this.#queue.take(integrationId, () => this.#search(steps), client);
  }

  /** Searches that are running go on. */
  close(): void {
    this.#queue.close();
  }

  async #search<T>(steps: Steps<T>): Promise<T> {
    try {
      return await this.#transaction(async (queries) => {
        const endsAt = performance.now() + this.#timeoutMs;
        await queries.run(ON_ONE_STATE);
        return perform(steps, async ({ template, input }) => {
          await queries.all(endAfter(endsAt - performance.now()));
          return queries.all(template, input);
        });
      });
    } catch (error) {
      if (!isEnded(error)) throw error;
      this.#queue.ended++;
      throw searchTooLong(this.#timeoutMs / 1000);
    }
  }
}
