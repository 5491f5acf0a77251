/** Creates users on PostgreSQL, those of a tenant that arrive at the same time in one go. */
import { taken } from '../../sql/resource-key.ts';
import { Batches } from '../connection/batches.ts';
import type { Connections } from '../connection/connections.ts';
import { isOfStatement } from '../errors.ts';
import type { ActivityLog } from '../log/activity-log.ts';
import { ADD_PERSONS, type Creation, createStatement } from './creation-statements.ts';
import { counterSlot } from './dependents.ts';

/** Creates the user, or rejects with uniqueness if the tenant has one with the same key. */
type CreateUser = (tenant: string, creation: Creation) => Promise<void>;

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

  /** Nothing of a request reads global users, so nobody waits for it. */
  const addAgain = (persons: readonly Creation[], at: number) => {
    connections
      .writing('users', () => connections.run(ADD_PERSONS, { persons, at }))
      .catch(onMissed);
  };

  const write = async (tenant: string, creations: readonly Creation[]) => {
    const sorted = creations.toSorted((one, other) => (one.key < other.key ? -1 : 1));
    const at = Math.max(...creations.map((creation) => creation.at));
    const { rows, missed } = await connections.both(
      { template: ADD_PERSONS, input: { persons: sorted, at } },
      { template: statement, input: { tenant, creations: sorted, slot: counterSlot() } },
    );
    if (missed !== undefined) addAgain(sorted, at);
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
  const batches = new Batches(perform, { isOfOne: isOfStatement });
  return (tenant, creation) => batches.add(tenant, creation);
}
