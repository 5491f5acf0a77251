/**
 * Credentials that were valid not long ago. They decide only whose turn a request takes: it is
 * authenticated all the same.
 */

/**
 * How long credentials are known after their last use, at least. Identity providers that
 * synchronize do so every 20 to 40 minutes.
 */
const KNOWN_MS = 3_600_000;
/** No usual credentials are longer, and each kept one takes memory. */
const MOST_CHARACTERS = 2_048;
const MOST_KNOWN = 10_000;
/** Of one caller: spaces and case in a header, sessions, and other cookies beside that of each. */
const MOST_SPELLINGS = 8;

export class KnownCallers {
  /** The callers, by their credentials as sent. */
  #current = new Map<string, string>();
  #previous = new Map<string, string>();
  /** The credentials of each caller in `#current`, the oldest first. */
  #spellings = new Map<string, string[]>();
  #since = performance.now();

  note(credentials: string, caller: string): void {
    this.#renew();
    if (credentials.length > MOST_CHARACTERS || this.#current.get(credentials) === caller) return;
    const spellings = this.#spellings.get(caller) ?? [];
    // Nobody takes the places of others by writing the same credentials in many ways.
    const oldest = spellings.length < MOST_SPELLINGS ? undefined : spellings.shift();
    if (oldest !== undefined) this.#current.delete(oldest);
    if (this.#current.size >= MOST_KNOWN) return;
    this.#current.set(credentials, caller);
    spellings.push(credentials);
    this.#spellings.set(caller, spellings);
  }

  /** Undefined for unknown credentials. */
  callerOf(credentials: string): string | undefined {
    return this.#current.get(credentials) ?? this.#previous.get(credentials);
  }

  #renew(): void {
    const now = performance.now();
    if (now - this.#since < KNOWN_MS) return;
    this.#previous = now - this.#since < 2 * KNOWN_MS ? this.#current : new Map();
    this.#current = new Map();
    this.#spellings = new Map();
    this.#since = now;
  }
}
