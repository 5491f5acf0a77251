/** One PostgreSQL server for a whole test run, or the one of TEST_DATABASE_URL; tests get its URL with `inject('postgresUrl')`. */
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../hack/postgres/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a user who may create databases. */
    postgresUrl: string;
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_DATABASE_URL;
  if (given) {
    project.provide('postgresUrl', given);
    return undefined;
  }
  const server = await startPostgres();
  project.provide('postgresUrl', server.url);
  return server.stop;
}
