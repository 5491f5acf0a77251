/** A Bulk of 1,000 creates, and the same creates one by one. */
import { userNumber } from '../directory/users.ts';
import type { Load } from '../load/load.ts';
import { succeed } from '../load/requests.ts';
import { median } from '../load/statistics.ts';
import { connectionOf } from './groups.ts';

const OPERATIONS = 1_000;
const BULK = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';

export interface Bulk {
  /** Milliseconds for 1,000 creates. */
  readonly bulkMs: number;
  readonly singleMs: number;
}

const bulkOf = (numbers: readonly number[]) => ({
  schemas: [BULK],
  Operations: numbers.map((n) => ({
    method: 'POST',
    path: '/Users',
    bulkId: `user-${n}`,
    data: userNumber(n),
  })),
});

/** `first` is the number of a user from which on there are none. */
export async function measureBulk(load: Load, first: number, rounds: number): Promise<Bulk> {
  const connection = connectionOf(load);
  const [bulk, single]: [number[], number[]] = [[], []];
  let next = first;
  const take = () => Array.from({ length: OPERATIONS }, () => next++);
  for (let round = 0; round < rounds; round++) {
    const request = load.compose('POST', '/Bulk', bulkOf(take()));
    let begun = performance.now();
    const { Operations } = await succeed<{ Operations: { status: string }[] }>(connection, request);
    bulk.push(performance.now() - begun);
    const failed = Operations.filter(({ status }) => status !== '201').length;
    if (Operations.length !== OPERATIONS || failed > 0)
      throw new Error(`${failed} of ${Operations.length} operations of a Bulk failed`);
    const requests = take().map((n) => load.compose('POST', '/Users', userNumber(n)));
    begun = performance.now();
    for (const each of requests) await succeed(connection, each);
    single.push(performance.now() - begun);
  }
  return { bulkMs: median(bulk), singleMs: median(single) };
}
