/**
 * The usual changes of groups on PostgreSQL, in which users join and leave by id. Those that an
 * integration makes at the same time are made by one statement, without waiting for other sessions.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Author } from '../../store/resources.ts';
import { Batches, GATHER_MS } from '../connection/batches.ts';
import type { Connections } from '../connection/connections.ts';
import { isOfStatement } from '../errors.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import { type Changed, changedBy, entryOfMove } from './change-users.ts';
import type { Delta } from './move-forms.ts';
import { type Move, MoveStatements } from './move-statement.ts';

/** A change of more members would take long for those who wait with it. */
const MOST_MEMBERS = 5;

/**
 * A process that changes the group has its row for a few milliseconds. Changes of others that wait
 * for the row, each on its own, would keep it from making its next ones together.
 */
const MOST_ATTEMPTS = 4;
const AGAIN_MS = 3;
/** Another process that has the row for longer than this isn't about to end. */
const PATIENCE_MS = 500;

/** Another session has a row that the change needs. */
const HELD = Symbol('held');

type Outcome = Changed | typeof HELD | undefined;

interface Asked {
  readonly author: Author;
  readonly move: Move;
}

/** Returns undefined, and changes nothing, if the change has to be made on its own. */
type MakeMove = (
  author: Author,
  id: string,
  delta: Delta,
  at: number,
) => Promise<Changed | undefined>;

export function groupMoves(connections: Connections, activity: ActivityLog): MakeMove {
  const statements = new MoveStatements(activity);

  const together = async (asked: readonly Asked[]): Promise<Outcome[]> => {
    const author = asked[0]?.author;
    if (author === undefined) return [];
    const { tenant, integrationId } = author;
    const moves = asked.map(({ move }) => move);
    const rows = await connections.all(statements.of(moves), { tenant, integrationId, moves });
    const byNumber = new Map(rows.map((row) => [row.n, row]));
    return moves.map(({ entry }, n) => {
      const row = byNumber.get(n + 1);
      if (row === undefined || row.id === null) return row && HELD;
      return changedBy({ ...row, unknown: [] }, entry);
    });
  };

  const batches = new Batches<Asked, Outcome>(
    async (_, asked) => {
      const id = asked[0]?.move.id ?? '';
      const made = await connections.writing(id, () => together(asked));
      return made.map((value) => ({ status: 'fulfilled', value }));
    },
    { isOfOne: isOfStatement, subjectOf: ({ move }) => move.id, fits, gatherMs: GATHER_MS },
  );
  return async (author, id, delta, at) => {
    if (delta.add.length + delta.remove.length > MOST_MEMBERS) return undefined;
    const move = { id, ...delta, at, entry: entryOfMove(activity, author, id, at) };
    const end = performance.now() + PATIENCE_MS;
    for (let attempt = 1; ; attempt++) {
      const made = await batches.add(`${author.tenant} ${author.integrationId}`, { author, move });
      if (made !== HELD) return made;
      if (attempt === MOST_ATTEMPTS || performance.now() > end) return undefined;
      await pause(AGAIN_MS * Math.random());
    }
  };
}

/** Whether no member is concerned by another change of the group. */
function fits({ move }: Asked, others: readonly Asked[]): boolean {
  const concerned = new Set(others.flatMap(({ move: { add, remove } }) => [...add, ...remove]));
  return ![...move.add, ...move.remove].some((id) => concerned.has(id));
}
