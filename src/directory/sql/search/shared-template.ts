/**
 * Statements that several requests share. Most of what a short statement costs is the same for one
 * row as for fifty: the round trip, waking the server's process, its transaction and its snapshot.
 */

import { SQL, StringChunk } from 'drizzle-orm';
import { GROUPS_OF_USERS } from '../related/groups-of-users.ts';
import { oneResource } from '../related/related.ts';
import type { SearchContext } from '../resource-key.ts';
import { type Compose, ListSlot, Slot, type Statement, Template } from '../template.ts';

/** The values that requests must have in common to share a statement, if it uses them. */
const COMMON: ReadonlySet<string> = new Set([
  'tenant',
  'integrationId',
  'limit',
  'offset',
  'related',
]);

const SELECTED = new StringChunk('s.id');

/** Each row has the number `n` of the request that it belongs to, counted from 1. */
export interface Numbered {
  readonly n: number;
}

/** `params` and `statement` are those of one request. */
export class SharedTemplate<In extends object, Row> extends Template<In, Row> {
  /** Requests of the same key can share the statement. */
  keyOf(input: In): string {
    return JSON.stringify(
      this.values.map((each) =>
        each instanceof Slot && !(each instanceof ListSlot) ? each.valueIn(input) : null,
      ),
    );
  }

  /** The statement of requests of the same key. */
  together(inputs: readonly In[]): Statement {
    const [first = {}] = inputs;
    const params = this.values.map((each) => {
      if (each instanceof ListSlot) return inputs.flatMap((input) => each.valueIn(input));
      return each instanceof Slot ? each.valueIn(first) : each;
    });
    return { sql: this.sql, params };
  }
}

interface SharedOptions {
  readonly isOfRequest?: boolean;
  /** Whether a request finds at most one resource. */
  readonly findsOne: boolean;
}

/**
 * Composes a statement of resources that requests share, if the database gains by it. For a request
 * that finds one user, it also selects its groups if the input says so; see ResourceRow. Several
 * users may have the same groups, which must be read once.
 */
export function sharedTemplate<In extends object, Row>(
  { dialect, name, scope }: SearchContext,
  compose: Compose,
  statement: SQL<Row>,
  { isOfRequest = false, findsOne }: SharedOptions,
): Template<In, Row> {
  const { shared } = dialect;
  const lists: ListSlot[] = [];
  const columnOf = (slot: Slot) => {
    const known = lists.find((list) => list.takesFrom(slot));
    const list = known ?? new ListSlot(`c${lists.length}`, slot);
    if (known === undefined) lists.push(list);
    return new StringChunk(`w.${list.name}`);
  };
  const each = withColumns(statement, columnOf);
  if (shared === undefined || lists.length === 0)
    return new Template(compose(statement), isOfRequest);
  const related =
    name === 'User'
      ? {
          rows: GROUPS_OF_USERS.select(dialect, scope.tenant, oneResource(SELECTED)),
          isOfOne: findsOne,
        }
      : undefined;
  return new SharedTemplate(compose(shared(lists, each, related)), isOfRequest);
}

function withColumns({ queryChunks }: SQL, columnOf: (slot: Slot) => StringChunk): SQL {
  return new SQL(
    queryChunks.map((chunk) => {
      if (chunk instanceof SQL) return withColumns(chunk, columnOf);
      return chunk instanceof Slot && !COMMON.has(chunk.name) ? columnOf(chunk) : chunk;
    }),
  );
}
