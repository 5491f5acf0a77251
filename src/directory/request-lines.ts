/** The last requests of an integration as the lines of a file: CSV (RFC 4180) or JSON. */
import { csvLine } from './csv-line.ts';
import type { RecentRequest } from './store/recent-requests.ts';

interface RequestLines {
  /** What the file begins with. */
  readonly head: string;
  line(request: RecentRequest): string;
}

const COLUMNS = [
  'time',
  'method',
  'path',
  'status',
  'ms',
  'detail',
  'body',
  'keyId',
  'requestId',
] as const;

export const REQUEST_LINES: Readonly<Record<'csv' | 'json', RequestLines>> = {
  csv: {
    head: csvLine(COLUMNS),
    line: (request) => {
      const fields = fieldsOf(request);
      return csvLine(COLUMNS.map((name) => fields[name] ?? ''));
    },
  },
  json: { head: '', line: (request) => `${JSON.stringify(fieldsOf(request))}\n` },
};

const fieldsOf = ({ at, ...request }: RecentRequest) => ({
  time: new Date(at).toISOString(),
  ...request,
});
