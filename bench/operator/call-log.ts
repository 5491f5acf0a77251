/** The operator's calls to the API server, from the API server's own audit log: by verb and resource, which no metric tells apart by client. */
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** `verb resource` or `verb resource/subresource` → how many. */
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

  /** The flags of kube-apiserver that make it write the log, of one user's calls. */
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
        // A watch counts when it ends.
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

  /** A place to count from. */
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

  /** When the last call came that was neither a watch nor about the Lease, in milliseconds since the epoch. */
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

/** Without those of the Lease, which is written every two seconds. */
export const writesIn = (calls: Calls): number =>
  total(
    new Map(
      [...calls].filter(([name]) => {
        const [verb = '', resource] = name.split(' ');
        return !READS.has(verb) && resource !== 'leases';
      }),
    ),
  );
