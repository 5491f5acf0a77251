/** Files that are sent while they are read. */
import { ConcurrencyLimits } from '../../access/concurrency-limit.ts';
import type { ACTIVITY_LINES } from '../../directory/activity-lines.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';

export type Format = keyof typeof ACTIVITY_LINES;

const FILES: Readonly<Record<Format, { readonly type: string; readonly ending: string }>> = {
  csv: { type: 'text/csv; charset=utf-8; header=present', ending: 'csv' },
  json: { type: 'application/jsonl; charset=utf-8', ending: 'jsonl' },
};

/** Each reads for as long as the browser takes it. */
const EXPORTS = { what: 'of your exports', atOnce: 2, waiting: 0 };

interface Download {
  readonly name: string;
  readonly format: Format;
  /** Stops at the next opportunity when the signal aborts. */
  readonly lines: (signal: AbortSignal) => AsyncIterable<string>;
}

export class Downloads {
  readonly #context: Pick<ConsoleContext, 'log' | 'now'>;
  readonly #limits = new ConcurrencyLimits(EXPORTS);

  constructor(context: Pick<ConsoleContext, 'log' | 'now'>) {
    this.#context = context;
  }

  /**
   * Nothing in the name of the file comes from the directory. Rejects with BusyError if the person has
   * too many downloads already, in whatever sessions.
   */
  async start(c: ConsoleRequest, { name, format, lines }: Download): Promise<Response> {
    const { type, ending } = FILES[format];
    const date = new Date(this.#context.now()).toISOString().slice(0, 10);
    const file = `${name}-${c.get('tenant').name}-${date}.${ending}`;
    const headers = {
      'Content-Type': type,
      'Content-Disposition': `attachment; filename="${file}"`,
    };
    // Nobody would read the body.
    if (c.req.raw.method === 'HEAD') return new Response(null, { headers });
    const end = await this.#begin(c.get('visit').caller);
    return new Response(ReadableStream.from(this.#bytesOf(c, lines, end)), { headers });
  }

  /** Resolves when the caller's turn has begun, with what ends it. */
  async #begin(caller: string): Promise<() => void> {
    const begun = Promise.withResolvers<() => void>();
    const turn = Promise.withResolvers<void>();
    const run = () => {
      begun.resolve(turn.resolve);
      return turn.promise;
    };
    this.#limits.run(caller, run).catch(begun.reject);
    return begun.promise;
  }

  /** An error ends the connection, so that the browser knows that the file is incomplete. */
  #bytesOf(c: ConsoleRequest, lines: Download['lines'], end: () => void) {
    const { signal } = c.req.raw;
    const requestId = c.get('requestId');
    const { log } = this.#context;
    let isRead = false;
    // Without a reader, the generator never starts, and never ends.
    const endUnread = () => {
      if (!isRead) end();
    };
    signal.addEventListener('abort', endUnread);
    if (signal.aborted) endUnread();
    async function* bytes(): AsyncGenerator<Uint8Array> {
      isRead = true;
      const encoder = new TextEncoder();
      try {
        for await (const text of lines(signal)) if (text !== '') yield encoder.encode(text);
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error, requestId }, 'an export ended early');
        throw error;
      } finally {
        end();
      }
    }
    return bytes();
  }
}
