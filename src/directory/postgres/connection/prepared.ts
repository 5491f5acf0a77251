/** Which statements a connection's server keeps parsed, and under which names. */
import { createHash } from 'node:crypto';
import type { SentStatement } from './round-trip.ts';

/**
 * Requests decide about the texts of so many statements. Those that were not used for longest make
 * room for others, so that one tenant's filters don't keep those of others from being prepared. The
 * other texts are those of the program, which are few.
 */
const MAX_OF_REQUESTS = 200;

export class Prepared {
  readonly #textOf: (text: string) => string;
  /** By text. */
  readonly #ofProgram = new Map<string, string>();
  /** By text. The one that was not used for longest is first. */
  readonly #ofRequests = new Map<string, string>();

  /** `textOf` returns the text that the server gets. */
  constructor(textOf: (text: string) => string) {
    this.#textOf = textOf;
  }

  /** Returns the statement under its name, and the one that makes room for it. */
  named(statement: SentStatement): SentStatement {
    const { text, isOfRequest = false } = statement;
    if (isOfRequest) return { ...statement, ...this.#ofRequest(text) };
    return { ...statement, name: this.#nameOfProgram(text) };
  }

  #nameOfProgram(text: string): string {
    const known = this.#ofProgram.get(text);
    if (known !== undefined) return known;
    const name = nameOf(this.#textOf(text));
    this.#ofProgram.set(text, name);
    return name;
  }

  #ofRequest(text: string): Pick<SentStatement, 'name' | 'replaced'> {
    const known = this.#ofRequests.get(text);
    this.#ofRequests.delete(text);
    const name = known ?? nameOf(this.#textOf(text));
    const [oldest] = this.#ofRequests;
    this.#ofRequests.set(text, name);
    if (this.#ofRequests.size <= MAX_OF_REQUESTS || oldest === undefined) return { name };
    this.#ofRequests.delete(oldest[0]);
    return { name, replaced: oldest[1] };
  }
}

/**
 * Of the text that the server gets: a pooler's session may also be used for another schema. The name
 * is shorter than those that PostgreSQL cuts off.
 */
const nameOf = (text: string): string => createHash('sha256').update(text).digest('base64url');
