/** `requests`: shows the last requests of an integration, beside the running processes. */
import type { RequestsConfig } from '../config/command-options.ts';
import { REQUEST_LINES } from '../directory/request-lines.ts';
import { scopeOf } from '../directory/store/integrations.ts';
import type { RecentRequest } from '../directory/store/recent-requests.ts';
import { integrationNamed, printable, readingDirectory, unknownIntegration } from './reading.ts';

interface Output {
  write(text: string): unknown;
}

/** Throws FatalError. */
export async function showRequests(config: RequestsConfig, output: Output): Promise<void> {
  await readingDirectory(config, async (reader) => {
    const { integrations } = await reader.census();
    const found = integrationNamed(integrations, config.integration);
    if (found === undefined) throw unknownIntegration(config.integration);
    const requests = await reader.recentRequests.list(scopeOf(found));
    if (config.output === 'text') {
      output.write(tableOf(requests));
      return;
    }
    const { head, line } = REQUEST_LINES[config.output];
    output.write([head, ...requests.map(line)].join(''));
  });
}

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
