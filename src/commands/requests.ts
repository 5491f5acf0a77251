/** `requests`: shows the last requests of an integration, beside the running processes. */
import type { RequestsConfig } from '../config/options.ts';
import { mayHoldSecret } from '../config/resolve.ts';
import { DatabaseRefusedError } from '../directory/database-errors.ts';
import { shownDatabaseUrl } from '../directory/database-url.ts';
import { type DirectoryReader, openReader } from '../directory/reader.ts';
import type { CountedIntegration } from '../directory/store/census.ts';
import type { RecentRequest } from '../directory/store/recent-requests.ts';
import { urlReader } from './database.ts';
import { FatalError, isDefect, reasonOf } from './errors.ts';

interface Output {
  write(text: string): unknown;
}

/** Throws FatalError. */
export async function showRequests(config: RequestsConfig, output: Output): Promise<void> {
  const shown = `the database ${shownDatabaseUrl(config.databaseUrl)}`;
  try {
    const reader = await openReader(urlReader(config));
    try {
      const requests = await requestsOf(reader, config.integration);
      output.write(config.json ? `${JSON.stringify(requests, null, 2)}\n` : tableOf(requests));
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (error instanceof FatalError || isDefect(error)) throw error;
    const verb = error instanceof DatabaseRefusedError ? 'used' : 'read';
    throw new FatalError(`${shown} can't be ${verb}: ${reasonOf(error)}`);
  }
}

async function requestsOf(reader: DirectoryReader, wanted: string) {
  const { integrations } = await reader.census();
  const [found, ...others] = integrations.filter((each) => isWanted(each, wanted));
  if (found === undefined) {
    const shown = mayHoldSecret(wanted) ? 'of this name' : wanted;
    throw new FatalError(
      `there is no integration ${shown} in this database; name it as NAMESPACE/NAME or by its id`,
    );
  }
  if (others.length > 0) {
    const ids = [found, ...others].map(({ id }) => id).join(', ');
    throw new FatalError(
      `several clusters have an integration ${wanted}; name one of these ids: ${ids}`,
    );
  }
  return reader.recentRequests.list(found.id);
}

const isWanted = ({ id, namespace, name }: CountedIntegration, wanted: string) =>
  id === wanted || `${namespace}/${name}` === wanted;

function tableOf(requests: readonly RecentRequest[]): string {
  if (requests.length === 0) return 'No request was received in the last seven days.\n';
  const rows = requests.map(({ at, method, status, ms, keyId, requestId, path }) => [
    new Date(at).toISOString(),
    method,
    String(status),
    ms.toFixed(1),
    keyId,
    requestId,
    path,
  ]);
  const all = [['TIME', 'METHOD', 'STATUS', 'MS', 'KEY ID', 'REQUEST ID', 'PATH'], ...rows];
  const widths = all[0]?.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const [title = '', ...each] = lines;
  const details = requests.map(({ detail, body }) =>
    [detail, body].filter((part) => part !== undefined).map((part) => `    ${part}`),
  );
  const text = [title, ...each.flatMap((line, index) => [line, ...(details[index] ?? [])])];
  return `${text.map(printable).join('\n')}\n`;
}

/** A client must not be able to control the terminal. */
const printable = (line: string) => line.replace(/\p{C}/gu, '?');
