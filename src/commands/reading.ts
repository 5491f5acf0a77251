/** What the commands that only read a directory have in common. */
import { mayHoldSecret } from '../config/resolve.ts';
import { DatabaseRefusedError } from '../directory/database-errors.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import { type DirectoryReader, openReader } from '../directory/reader.ts';
import type { CountedIntegration } from '../directory/store/census.ts';
import { type DatabaseOptions, urlReader } from './database.ts';
import { FatalError, isDefect, reasonOf } from './errors.ts';

/** Reads the directory beside the processes that use it. Throws FatalError. */
export async function readingDirectory<T>(
  options: DatabaseOptions,
  read: (reader: DirectoryReader) => Promise<T>,
): Promise<T> {
  try {
    const reader = await openReader(urlReader(options));
    try {
      return await read(reader);
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (error instanceof FatalError || isDefect(error)) throw error;
    const shown = shownDatabaseUrl(options.databaseUrl);
    const verb = error instanceof DatabaseRefusedError ? 'used' : 'read';
    throw new FatalError(`the database ${shown} can't be ${verb}: ${reasonOf(error)}`);
  }
}

/** Finds an integration by its id or NAMESPACE/NAME. Throws FatalError if several have the name. */
export function integrationNamed(
  integrations: readonly CountedIntegration[],
  wanted: string,
): CountedIntegration | undefined {
  const [found, ...others] = integrations.filter(
    (each) => each.id === wanted || shownIntegration(each) === wanted,
  );
  if (found !== undefined && others.length > 0) {
    const ids = [found, ...others].map(({ id }) => id).join(', ');
    throw new FatalError(
      `several clusters have an integration ${wanted}; name one of these ids: ${ids}`,
    );
  }
  return found;
}

export const shownIntegration = ({ namespace, name }: CountedIntegration): string =>
  `${namespace}/${name}`;

export function unknownIntegration(wanted: string): FatalError {
  const shown = mayHoldSecret(wanted) ? 'of this name' : wanted;
  return new FatalError(
    `there is no integration ${shown} in this database; name it as NAMESPACE/NAME or by its id`,
  );
}

export function unknownTenant(wanted: string): FatalError {
  const shown = mayHoldSecret(wanted) ? 'of this name' : wanted;
  return new FatalError(
    `there is no tenant ${shown} in this database; name one that has an integration or an entry`,
  );
}

/** A client must not be able to control the terminal. */
export const printable = (line: string): string => line.replace(/\p{C}/gu, '?');
