/** Reads that arrive while others are in work, and then share a statement with each other. */
import type { Numbered, SharedTemplate } from '../../sql/search/shared-template.ts';
import { isEnded, isOfStatement } from '../errors.ts';
import { Batches } from './batches.ts';
import type { BoundValue } from './parameters.ts';
import type { SentStatement } from './round-trip.ts';

/** Returns the rows of the statement of an integration. */
type Ask = (integrationId: string, statement: SentStatement) => Promise<readonly unknown[]>;

type Rows = readonly unknown[];
type Template = SharedTemplate<object, unknown>;

interface Asked {
  readonly integrationId: string;
  readonly input: object;
}

/** Rows that a statement selects at most, or those of one request. */
const MOST_ROWS = 5_000;

/** Most statements that are shared take a millisecond. */
const SLOW_MS = 20;

export class SharedReads {
  readonly #ask: Ask;
  readonly #patienceMs: number;
  readonly #batches = new WeakMap<Template, Batches<Asked, Rows>>();

  constructor(ask: Ask, patienceMs: number) {
    this.#ask = ask;
    this.#patienceMs = patienceMs;
  }

  /**
   * Returns the request's own rows, of a statement that begins after the call. Rejects with busy if
   * it has to wait too long.
   */
  rows(integrationId: string, template: Template, input: object): Promise<Rows> {
    const batches = this.#batches.get(template) ?? this.#batchesOf(template);
    return batches.add(template.keyOf(input), { integrationId, input });
  }

  #batchesOf(template: Template): Batches<Asked, Rows> {
    const perform = async (_: string, asked: readonly Asked[]) => {
      const [{ integrationId } = { integrationId: '' }] = asked;
      const found = asked.map((): unknown[] => []);
      const { sql: text, params } = template.together(asked.map(({ input }) => input));
      const { isOfRequest } = template;
      const sent = { text, values: params as readonly BoundValue[], isOfRequest };
      for (const row of await this.#ask(integrationId, sent))
        found[(row as Numbered).n - 1]?.push(row);
      return found.map((value) => ({ status: 'fulfilled', value }) as const);
    };
    const batches = new Batches<Asked, Rows>(perform, {
      // The server refuses some values, and one of them may lead to very many rows.
      isOfOne: (error) => isOfStatement(error) || isEnded(error),
      weight: { of: limitOf, most: MOST_ROWS },
      patienceMs: this.#patienceMs,
      slowMs: SLOW_MS,
    });
    this.#batches.set(template, batches);
    return batches;
  }
}

/** How many rows the input asks for at most. */
function limitOf({ input }: Asked): number {
  return 'limit' in input && typeof input.limit === 'number' ? Math.max(1, input.limit) : 1;
}
