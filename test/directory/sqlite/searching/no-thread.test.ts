import type { WorkerOptions } from 'node:worker_threads';
import { expect, it, vi } from 'vitest';
import { Template } from '../../../../src/directory/sql/template.ts';
import { Searches } from '../../../../src/directory/sqlite/searching/searches.ts';

// The operating system can't be made to have no more threads.
vi.mock('node:worker_threads', async (original) => ({
  ...(await original<typeof import('node:worker_threads')>()),
  Worker: class {
    constructor(_program: string, _options: WorkerOptions) {
      throw Object.assign(new Error('no more threads'), { code: 'ERR_WORKER_INIT_FAILED' });
    }
  },
}));

it('a search is answered with 503 if there can be no thread for it', async () => {
  const searches = new Searches('unused.db');
  const steps = function* () {
    yield { template: new Template({ sql: 'SELECT 1', params: [] }), input: {} };
  };
  const found = searches.run('okta', steps());
  await expect(found).rejects.toMatchObject({ status: 503 });
  await searches.close();
});
