import { afterEach, describe, expect, it } from 'vitest';
import { SearchQueue } from '../../../../src/directory/sql/search/queue.ts';
import { MAX_WAITING_SEARCHES } from '../../../../src/scim/limits.ts';

const opened: SearchQueue[] = [];

afterEach(() => {
  for (const queue of opened.splice(0)) queue.close();
});

function open(...settings: ConstructorParameters<typeof SearchQueue>): SearchQueue {
  const queue = new SearchQueue(...settings);
  opened.push(queue);
  return queue;
}

/** Searches that end when the test says so. */
function searches(queue: SearchQueue) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const search = (integration: string, name: string) => {
    const found = queue.take(integration, async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
    // Those that still wait at the end of a test are refused.
    found.catch(() => undefined);
    return found;
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await turn();
  };
  return { begun, search, end };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('turns of searches', () => {
  it('are not taken by searches whose clients have gone, which make room for others', async () => {
    const queue = open(1, 2);
    const { begun, search, end } = searches(queue);
    void search('a', 'a1');
    const client = { isGone: false };
    const gone = [1, 2].map(() => queue.take('a', async () => begun.push('gone'), client));
    const refusals = Promise.allSettled(gone);
    await expect(queue.take('a', async () => undefined)).rejects.toMatchObject({ status: 429 });
    client.isGone = true;
    void search('a', 'a2');
    await end('a1');
    expect(begun).toEqual(['a1', 'a2']);
    expect((await refusals).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(queue.refused).toBe(1);
    expect(queue.waiting).toBe(0);
  });

  it('gives an integration one turn at a time', async () => {
    const { begun, search, end } = searches(open(2));
    void search('a', 'a1');
    void search('a', 'a2');
    void search('b', 'b1');
    await turn();
    expect(begun).toEqual(['a1', 'b1']);
    await end('a1');
    expect(begun).toEqual(['a1', 'b1', 'a2']);
  });

  it('serves the integrations in turn, however many searches one of them has sent', async () => {
    const { begun, search, end } = searches(open(1));
    for (const name of ['a1', 'a2', 'a3']) void search('a', name);
    void search('b', 'b1');
    void search('c', 'c1');
    await turn();
    for (const name of ['a1', 'a2', 'b1', 'c1']) await end(name);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
  });

  it('refuses a search of an integration that has too many waiting, and no other', async () => {
    const { begun, search, end } = searches(open(1));
    for (let n = 0; n <= MAX_WAITING_SEARCHES; n++) void search('a', `a${n}`);
    await expect(search('a', 'late')).rejects.toMatchObject({ status: 429, retryAfter: 5 });
    void search('b', 'b1');
    await end('a0');
    await end('a1');
    expect(begun).toEqual(['a0', 'a1', 'b1']);
  });

  it('refuses a search whose turn does not come up in time', async () => {
    const queue = open(1, 1, 1);
    const { begun, search, end } = searches(queue);
    void search('a', 'a1');
    await expect(search('b', 'b1')).rejects.toMatchObject({ status: 429 });
    await end('a1');
    expect(begun).toEqual(['a1']);
  });

  it('are not taken while the queue is paused, and go to the integrations in turn after that', async () => {
    const queue = open(2);
    const { begun, search, end } = searches(queue);
    void search('a', 'a1');
    void search('b', 'b1');
    queue.pause();
    for (const name of ['a2', 'a3']) void search('a', name);
    const client = { isGone: false };
    const gone = queue.take('b', async () => begun.push('gone'), client);
    const refusal = expect(gone).rejects.toMatchObject({ status: 429 });
    void search('c', 'c1');
    await end('a1');
    await end('b1');
    expect(begun).toEqual(['a1', 'b1']);
    expect(queue).toMatchObject({ running: 0, waiting: 4 });
    client.isGone = true;
    queue.resume();
    await refusal;
    expect(begun).toEqual(['a1', 'b1', 'a2', 'c1']);
    await end('a2');
    expect(begun).toEqual(['a1', 'b1', 'a2', 'c1', 'a3']);
  });

  it('does not keep a search waiting for long, nor too many of them, while it is paused', async () => {
    const queue = open(1, 1, 1);
    const { begun, search } = searches(queue);
    queue.pause();
    const waiting = search('a', 'a1');
    await expect(search('a', 'a2')).rejects.toMatchObject({ status: 429 });
    await expect(waiting).rejects.toMatchObject({ status: 429 });
    expect(queue).toMatchObject({ running: 0, waiting: 0, refused: 2 });
    queue.resume();
    void search('a', 'a3');
    expect(begun).toEqual(['a3']);
  });

  it('gives the turn of a search that failed to the next one', async () => {
    const queue = open(1);
    const failed = queue.take('a', () => Promise.reject(new Error('failed')));
    const next = queue.take('a', async () => 'next');
    await expect(failed).rejects.toThrow('failed');
    expect(await next).toBe('next');
  });

  it('refuses those that wait when it is closed, and every later one', async () => {
    const queue = open(1);
    const { search, end } = searches(queue);
    const running = search('a', 'a1');
    const waiting = search('a', 'a2');
    queue.close();
    await expect(waiting).rejects.toMatchObject({ status: 503 });
    await expect(search('b', 'b1')).rejects.toMatchObject({ status: 503 });
    await turn();
    await end('a1');
    expect(await running).toBe('a1');
  });
});
