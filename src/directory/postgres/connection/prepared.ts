/** Which statements a connection's server keeps parsed, and under which names. */
import type { SentStatement } from './round-trip.ts';

/**
 * Requests decide about the texts of so many statements. Those that were not used for longest make
 * room for others, so that one tenant's filters don't keep those of others from being prepared. The
 * other texts are those of the program, which are few.
 */
const MAX_OF_REQUESTS = 200;

export class Prepared {
  /** By text. */
  readonly #ofProgram = new Map<string, string>();
  /** By text. The one that was not used for longest is first. */
  readonly #ofRequests = new Map<string, string>();
  /** Called with a name that is about to stand for another statement. */
  readonly #forget: (name: string) => void;

  constructor(forget: (name: string) => void) {
    this.#forget = forget;
  }

  /** Returns the statement under its name. */
  named(statement: SentStatement): SentStatement {
    const { text, isOfRequest = false } = statement;
    const name = isOfRequest ? this.#nameOfRequest(text) : this.#nameOfProgram(text);
    return { ...statement, name };
  }

  #nameOfProgram(text: string): string {
    const known = this.#ofProgram.get(text);
    if (known !== undefined) return known;
    const name = `s${this.#ofProgram.size}`;
    this.#ofProgram.set(text, name);
    return name;
  }

  #nameOfRequest(text: string): string {
    const known = this.#ofRequests.get(text);
    this.#ofRequests.delete(text);
    const name = known ?? this.#free();
    this.#ofRequests.set(text, name);
    return name;
  }

  #free(): string {
    const { size } = this.#ofRequests;
    const [oldest] = this.#ofRequests;
    if (size < MAX_OF_REQUESTS || oldest === undefined) return `r${size}`;
    const [text, name] = oldest;
    this.#ofRequests.delete(text);
    this.#forget(name);
    return name;
  }
}
