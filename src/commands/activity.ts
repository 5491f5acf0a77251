/** `activity`: prints the log of who changed what, beside the running processes. */
import type { ActivityConfig } from '../config/command-options.ts';
import { ACTIVITY_LINES } from '../directory/activity-lines.ts';
import { activityPages } from '../directory/activity-pages.ts';
import type { ActivityEntry, ActivityQuery, AttributeChange } from '../directory/store/activity.ts';
import {
  integrationNamed,
  printable,
  readingDirectory,
  shownIntegration,
  unknownIntegration,
  unknownTenant,
} from './reading.ts';

interface Output {
  write(text: string, done: (error?: Error | null) => void): unknown;
}

/** Ends early, without an error, if the reader of the output closes it. Throws FatalError. */
export async function showActivity(
  config: ActivityConfig,
  output: Output,
  now: () => number = Date.now,
): Promise<void> {
  await readingDirectory(config, async (reader) => {
    const { integrations, tenants } = await reader.census();
    const names = new Map(integrations.map((each) => [each.id, shownIntegration(each)]));
    const text = { head: '', line: (entry: ActivityEntry) => textLine(entry, names) };
    const { head, line } = config.output === 'text' ? text : ACTIVITY_LINES[config.output];
    const query = queryOf(config, now(), integrationIdOf(config, integrations));
    let isOpen = head === '' || (await printed(output, head));
    let count = 0;
    const entries = config.limit === 0 ? Number.POSITIVE_INFINITY : config.limit;
    const bounds = { entries, pages: Number.POSITIVE_INFINITY };
    for await (const page of activityPages(reader.activity, query, bounds)) {
      const { entries } = page;
      count += entries.length;
      if (entries.length > 0) isOpen &&= await printed(output, entries.map(line).join(''));
      if (!isOpen) return;
    }
    const isKnown = [...integrations, ...tenants].some(({ tenant }) => tenant === config.tenant);
    if (count === 0 && !isKnown) throw unknownTenant(config.tenant);
    if (count === 0 && config.output === 'text') await printed(output, 'No entry was found.\n');
  });
}

/** The id of an integration that has ended is taken as it is. */
function integrationIdOf(
  { integration }: ActivityConfig,
  integrations: Parameters<typeof integrationNamed>[0],
): string | undefined {
  if (integration === undefined) return undefined;
  const found = integrationNamed(integrations, integration);
  if (found === undefined && integration.includes('/')) throw unknownIntegration(integration);
  return found?.id ?? integration;
}

function queryOf(
  { tenant, actor, operation, resource, since, until }: ActivityConfig,
  now: number,
  integrationId: string | undefined,
): Omit<ActivityQuery, 'limit'> {
  return {
    tenant,
    ...(integrationId === undefined ? {} : { integrationId }),
    ...(actor === undefined ? {} : { actor }),
    ...(operation === undefined ? {} : { operation }),
    ...(resource === undefined ? {} : { resourceId: resource }),
    ...(since === undefined ? {} : { since: since(now) }),
    ...(until === undefined ? {} : { until: until(now) }),
  };
}

/** False if the other end was closed, as by `head`. */
function printed(output: Output, text: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (!error) resolve(true);
      else if ('code' in error && error.code === 'EPIPE') resolve(false);
      else reject(error);
    });
  });
}

function textLine(entry: ActivityEntry, integrations: ReadonlyMap<string, string>): string {
  const { at, actor, operation, resource, change } = entry;
  const isIntegration = actor.kind === 'integration';
  const who = isIntegration ? (integrations.get(actor.name) ?? actor.name) : actor.name;
  const what = `${operation} ${resource.type} ${resource.name} (${resource.id})`;
  const changes = Object.entries(change).map(([path, each]) => `${path}: ${changeText(each)}`);
  const cells = [new Date(at).toISOString(), who, what, changes.join('; ')];
  return `${printable(cells.join('  ').trimEnd())}\n`;
}

function changeText(change: AttributeChange): string {
  const { addedCount = 0, removedCount = 0 } = change;
  if (addedCount + removedCount > 0) {
    const counts = [
      ...(addedCount > 0 ? [`+${addedCount}`] : []),
      ...(removedCount > 0 ? [`-${removedCount}`] : []),
    ];
    return counts.join(' ');
  }
  if (change.before === undefined) return valueText(change.after);
  return `${valueText(change.before)} → ${valueText(change.after)}`;
}

const LONGEST_VALUE = 60;

function valueText(value: unknown): string {
  if (value === undefined) return 'removed';
  const text = JSON.stringify(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE - 1)}…` : text;
}
