/**
 * Counts the operator's calls by verb and resource from the API server's audit log, because no
 * metric distinguishes clients.
 */
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `verb resource` or `verb resource/subresource` → number of calls. */
export type Calls = ReadonlyMap<string, number>;

const READS = new Set(['get', 'list', 'watch']);
const CHUNK = 1 << 20;
const LINE =
  /"verb":"(\w+)".*?"objectRef":\{"resource":"(\w+)"(.*?)\}.*?"requestReceivedTimestamp":"([^"]+)"/;

export class CallLog {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Returns the flags that make kube-apiserver log one user's calls. */
  static prepare(
    folder: string,
    user: string,
  ): { readonly flags: string[]; readonly log: CallLog } {
    const policy = join(folder, 'audit-policy.json');
    const path = join(folder, 'audit.log');
    writeFileSync(path, '');
    writeFileSync(
      policy,
      JSON.stringify({
        apiVersion: 'audit.k8s.io/v1',
        kind: 'Policy',
        // A watch is counted when it ends.
        omitStages: ['RequestReceived', 'ResponseStarted'],
        rules: [{ level: 'Metadata', users: [user] }, { level: 'None' }],
      }),
    );
    const flags = [
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${path}`,
      '--audit-log-maxsize=100000',
    ];
    return { flags, log: new CallLog(path) };
  }

  /** The current end of the log, for `since`. */
  get position(): number {
    return statSync(this.#path).size;
  }

  since(position: number, end = this.position): Calls {
    const calls = new Map<string, number>();
    for (const line of this.#lines(position, end)) {
      const [, verb, resource, rest = ''] = LINE.exec(line) ?? [];
      const subresource = /"subresource":"(\w+)"/.exec(rest)?.[1];
      const name = `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
      calls.set(name, (calls.get(name) ?? 0) + 1);
    }
    return calls;
  }

  /**
   * The time of the last call except watches and calls for the Lease, in milliseconds since the
   * epoch.
   */
  lastWork(position: number): number | undefined {
    let last: number | undefined;
    for (const line of this.#lines(position, this.position)) {
      const [, verb, resource, , at = ''] = LINE.exec(line) ?? [];
      if (verb !== 'watch' && resource !== 'leases') last = Date.parse(at);
    }
    return last;
  }

  *#lines(from: number, to: number): Generator<string> {
    const file = openSync(this.#path, 'r');
    const buffer = Buffer.alloc(CHUNK);
    let rest = '';
    try {
      for (let at = from; at < to; ) {
        const length = readSync(file, buffer, 0, Math.min(CHUNK, to - at), at);
        if (length === 0) return;
        at += length;
        const lines = (rest + buffer.toString('latin1', 0, length)).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
    } finally {
      closeSync(file);
    }
  }
}

export const total = (calls: Calls): number =>
  [...calls.values()].reduce((sum, count) => sum + count, 0);

/** The number of writes, except those of the Lease, which is written every two seconds. */
export const writesIn = (calls: Calls): number =>
  total(
    new Map(
      [...calls].filter(([name]) => {
        const [verb = '', resource] = name.split(' ');
        return !READS.has(verb) && resource !== 'leases';
      }),
    ),
  );
