/** Creates users on PostgreSQL, those of a tenant that arrive at the same time in one go. */
import { taken } from '../../sql/resource-key.ts';
import { Batches, GATHER_MS, MOST_TEXT } from '../connection/batches.ts';
import type { Connections } from '../connection/connections.ts';
import { isOfStatement } from '../errors.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import {
  ADD_PERSONS,
  type Creation,
  createStatement,
  type GlobalPerson,
} from './creation-statements.ts';
import { counterSlot } from './dependents.ts';

/** Creates the user, or rejects with uniqueness if the tenant has one with the same key. */
type CreateUser = (tenant: string, creation: Creation) => Promise<void>;

/** More are not remembered. */
const MOST_LEFT = 1_000;

/**
 * `onMissed` is called with an error if users were created, but their global users could not be
 * added.
 */
export function userCreations(
  connections: Connections,
  activity: ActivityLog,
  onMissed: (error: unknown) => void,
): CreateUser {
  const statement = createStatement(activity);

  /** Persons who could not be added, by their keys. They are added with the next ones. */
  const left = new Map<string, GlobalPerson>();
  const added = (persons: readonly GlobalPerson[]) => {
    for (const { key } of persons) left.delete(key);
  };

  /** Nothing of a request reads global users, so nobody waits for it. */
  const addAgain = async (persons: readonly GlobalPerson[], at: number) => {
    try {
      await connections.writing('users', () => connections.run(ADD_PERSONS, { persons, at }));
      added(persons);
    } catch (error) {
      for (const { key, userId } of persons.slice(0, MOST_LEFT - left.size))
        left.set(key, { key, userId });
      onMissed(error);
    }
  };

  const write = async (tenant: string, creations: readonly Creation[]) => {
    const sorted = creations.toSorted(byKey);
    const persons = [...creations, ...left.values()].toSorted(byKey);
    const at = Math.max(...creations.map((creation) => creation.at));
    const { rows, missed } = await connections.both(
      { template: ADD_PERSONS, input: { persons, at } },
      { template: statement, input: { tenant, creations: sorted, slot: counterSlot() } },
    );
    if (missed === undefined) added(persons);
    else void addAgain(persons, at);
    return new Set(rows.map(({ id }) => id));
  };

  const perform = async (
    tenant: string,
    creations: readonly Creation[],
  ): Promise<readonly PromiseSettledResult<void>[]> => {
    const id = creations[0]?.id ?? '';
    const created = await connections.writing(id, () => write(tenant, creations));
    return creations.map((creation) =>
      created.has(creation.id)
        ? { status: 'fulfilled', value: undefined }
        : { status: 'rejected', reason: taken('User') },
    );
  };

  // One of them may be at fault, or wait for another session.
  const batches = new Batches(perform, {
    isOfOne: isOfStatement,
    weight: { of: ({ json }: Creation) => json.length, most: MOST_TEXT },
    gatherMs: GATHER_MS,
  });
  return (tenant, creation) => batches.add(tenant, creation);
}

const byKey = (one: GlobalPerson, other: GlobalPerson): number => (one.key < other.key ? -1 : 1);
