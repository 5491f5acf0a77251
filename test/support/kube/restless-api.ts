/**
 * An API server whose objects change all the time. Every watch ends in one of the possible ways.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';

const OBJECTS = 500;
const EVENTS_PER_WATCH = 2_000;
/** The number of events from which a watch may resume. Older versions have expired. */
const REMEMBERED = 3_000;

interface Event {
  readonly version: number;
  readonly line: string;
}

export class RestlessApi {
  readonly #server = createServer((request, answer) => void this.#answer(request, answer));
  readonly #objects = new Map<string, number>();
  readonly #recent: Event[] = [];
  #version = 0;
  #watches = 0;
  /** After this many events, the objects no longer change. */
  limit = 0;

  get events(): number {
    return this.#version;
  }

  /** `name=version` of every object, sorted. */
  get objects(): readonly string[] {
    return [...this.#objects].map(([name, version]) => `${name}=${version}`).sort();
  }

  async start(): Promise<KubeConfig> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = this.#server.address() as AddressInfo;
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'restless', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
      { name: 'restless' },
    );
    return config;
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer({ url = '' }: IncomingMessage, answer: ServerResponse): Promise<void> {
    const query = new URL(url, 'http://localhost').searchParams;
    if (!query.has('watch')) {
      const items = [...this.#objects].map(([name, version]) => objectOf(name, version));
      answer.end(JSON.stringify({ metadata: { resourceVersion: `${this.#version}` }, items }));
      return;
    }
    const from = Number(query.get('resourceVersion'));
    if (from < this.#version - this.#recent.length) {
      answer.end(`${JSON.stringify({ type: 'ERROR', object: { code: 410, metadata: {} } })}\n`);
      return;
    }
    for (const { version, line } of this.#recent) if (version > from) answer.write(line);
    await this.#flood(answer);
    if (this.#version >= this.limit) return;
    // A regular end, a reset, or an end in the middle of a line.
    const ends = [() => answer.end(), () => answer.destroy(), () => answer.end('{"type":"MODI')];
    ends[this.#watches++ % ends.length]?.();
  }

  async #flood(answer: ServerResponse): Promise<void> {
    for (let sent = 0; sent < EVENTS_PER_WATCH && this.#version < this.limit; sent++) {
      if (answer.destroyed) return;
      const flowing = answer.write(this.#next().line);
      if (!flowing) await Promise.race([once(answer, 'drain'), once(answer, 'close')]);
    }
  }

  #next(): Event {
    const version = ++this.#version;
    const name = `object-${Math.floor(Math.random() * OBJECTS)}`;
    const known = this.#objects.has(name);
    const type = known ? (version % 3 === 0 ? 'DELETED' : 'MODIFIED') : 'ADDED';
    if (type === 'DELETED') this.#objects.delete(name);
    else this.#objects.set(name, version);
    const line = `${JSON.stringify({ type, object: objectOf(name, version) })}\n`;
    const event = { version, line };
    this.#recent.push(event);
    if (this.#recent.length > REMEMBERED) this.#recent.shift();
    return event;
  }
}

const objectOf = (name: string, version: number) => ({
  metadata: { namespace: 'default', name, resourceVersion: `${version}` },
});
