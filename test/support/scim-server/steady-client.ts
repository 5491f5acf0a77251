/** Writes and reads users at several servers in turn without a pause, and records failures. */
import { randomUUID } from 'node:crypto';

export class SteadyClient {
  readonly #urls: readonly string[];
  readonly #headers: Record<string, string>;
  readonly #failures: string[] = [];
  readonly #running: Promise<unknown>;
  #answered = 0;
  #stopped = false;

  /** `urls` are the same SCIM endpoint at each server. */
  constructor(urls: readonly string[], token: string) {
    this.#urls = urls;
    this.#headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/scim+json',
    };
    this.#running = Promise.all(urls.map((_, index) => this.#run(index)));
  }

  async stop(): Promise<{ readonly answered: number; readonly failures: readonly string[] }> {
    this.#stopped = true;
    await this.#running;
    return { answered: this.#answered, failures: this.#failures };
  }

  async #run(first: number): Promise<void> {
    for (let index = first; !this.#stopped; index++) {
      const url = this.#urls[index % this.#urls.length] ?? '';
      const userName = `steady-${randomUUID()}`;
      await this.#send(`POST ${url}/Users`, 201, JSON.stringify({ userName }));
      await this.#send(
        `GET ${url}/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`,
        200,
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async #send(call: string, expected: number, body?: string): Promise<void> {
    const [method = '', url = ''] = call.split(' ');
    try {
      const answer = await fetch(url, { method, headers: this.#headers, ...(body && { body }) });
      await answer.arrayBuffer();
      if (answer.status === expected) this.#answered += 1;
      else this.#failures.push(`${call}: ${answer.status}`);
    } catch (error) {
      this.#failures.push(`${call}: ${error}`);
    }
  }
}
