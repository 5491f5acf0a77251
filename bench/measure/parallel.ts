/** Changes of one group at the same time: whether any is lost or refused. */
import type { Load } from '../load/load.ts';
import { addition, removal, succeed } from '../load/requests.ts';
import { median } from '../load/statistics.ts';
import { connectionOf, createGroup } from './groups.ts';

const AT_ONCE = 50;
const ROUNDS = 3;

export interface Parallel {
  readonly changes: number;
  /** Accepted, but not there afterwards. */
  readonly lost: number;
  readonly refused: number;
  /** Until all additions of a round were answered. */
  readonly milliseconds: number;
}

export async function measureParallel(load: Load, users: readonly string[]): Promise<Parallel> {
  const connections = load.connections(AT_ONCE);
  const times: number[] = [];
  let [lost, refused] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const { id } = await createGroup(load);
    const some = users.slice(round * AT_ONCE, (round + 1) * AT_ONCE);
    const members = async () => {
      const request = load.compose('GET', `/Groups/${id}`);
      const group = await succeed<{ members?: { value: string }[] }>(connectionOf(load), request);
      return new Set(group.members?.map(({ value }) => value));
    };
    const send = async (body: (user: string) => unknown) => {
      const statuses = await Promise.all(
        some.map(async (user, index) => {
          const request = load.compose('PATCH', `/Groups/${id}`, body(user));
          return (await connections[index]?.send(request))?.status ?? 0;
        }),
      );
      const accepted = some.filter((_, index) => (statuses[index] ?? 500) < 300);
      refused += some.length - accepted.length;
      return accepted;
    };
    const begun = performance.now();
    const added = await send((user) => addition([user]));
    times.push(performance.now() - begun);
    const after = await members();
    lost += added.filter((user) => !after.has(user)).length;
    const removed = await send((user) => removal(user));
    const left = await members();
    lost += removed.filter((user) => left.has(user)).length;
  }
  return { changes: 2 * ROUNDS * AT_ONCE, lost, refused, milliseconds: median(times) };
}
