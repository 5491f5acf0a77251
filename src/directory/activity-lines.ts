/** The activity log as the lines of a file: CSV (RFC 4180) or JSON, an entry a line. */
import { csvLine } from './csv-line.ts';
import type { ActivityEntry } from './store/activity.ts';

interface ActivityLines {
  /** What the file begins with. */
  readonly head: string;
  line(entry: ActivityEntry): string;
  /** What the file ends with if it is incomplete. `next` is the place where it ends. */
  cut(reason: string, next: string): string;
}

const COLUMNS: readonly (readonly [string, (entry: ActivityEntry) => string | number])[] = [
  ['time', ({ at }) => new Date(at).toISOString()],
  ['tenant', ({ tenant }) => tenant],
  ['actor_kind', ({ actor }) => actor.kind],
  ['actor', ({ actor }) => actor.name],
  ['operation', ({ operation }) => operation],
  ['resource_type', ({ resource }) => resource.type],
  ['resource_id', ({ resource }) => resource.id],
  ['resource_name', ({ resource }) => resource.name],
  ['request_id', ({ requestId = '' }) => requestId],
  ['version', ({ version = '' }) => version],
  ['change', ({ change }) => JSON.stringify(change)],
  ['id', ({ id }) => id],
];

export const ACTIVITY_LINES: Readonly<Record<'csv' | 'json', ActivityLines>> = {
  csv: {
    head: csvLine(COLUMNS.map(([name]) => name)),
    line: (entry) => csvLine(COLUMNS.map(([, read]) => read(entry))),
    cut: (reason) => csvLine(COLUMNS.map((_, index) => (index === 0 ? reason : ''))),
  },
  json: {
    head: '',
    line: (entry) => `${JSON.stringify(activityFields(entry))}\n`,
    cut: (reason, next) => `${JSON.stringify({ incomplete: reason, next })}\n`,
  },
};

/** The fields of a line of JSON. */
export function activityFields({ at, ...entry }: ActivityEntry) {
  const { id, tenant, actor, operation, resource, requestId, version, change } = entry;
  const time = new Date(at).toISOString();
  return { time, tenant, actor, operation, resource, requestId, version, change, id };
}
