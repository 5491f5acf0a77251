/** Statements that are sent in one piece, and what the server responds to them. */
import pg from 'pg';
import { type BoundValue, parametersOf } from './parameters.ts';

export interface SentStatement {
  /** Under which the server keeps the parsed statement. */
  readonly name?: string | undefined;
  /** The name of one that the server no longer has to keep. */
  readonly replaced?: string | undefined;
  readonly text: string;
  readonly values?: readonly BoundValue[];
  /** Whether the server doesn't keep it longer than the round trip. */
  readonly isClosed?: boolean;
  /** Whether a request decides about the text, by the shape of its filter for example. */
  readonly isOfRequest?: boolean;
  /** Rows are arrays, and not objects. */
  readonly asArrays?: boolean;
}

export interface Answered {
  /** Such as INSERT. */
  readonly command: string;
  readonly rowCount: number;
  readonly rows: unknown[];
}

interface Field {
  readonly name: string;
  readonly parse: (text: string) => unknown;
}

/** How a connection's session reads and writes statements. */
export interface Language {
  /** The columns of the statements that the server has parsed and described, by their names. */
  readonly parsed: Map<string, readonly Field[]>;
  /** Returns the text that the server gets. */
  readonly textOf: (text: string) => string;
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

export type WhenDone = (error: Error | undefined, answers: readonly Answered[]) => void;

/**
 * One or more statements: one transaction, unless one is running. The driver calls the methods whose
 * names begin with `handle`. Its own class asks for the columns of every execution, and writes each
 * message on its own.
 */
export class RoundTrip implements pg.Submittable {
  /** The driver insists on it. */
  readonly callback = (): undefined => undefined;
  readonly text: string;
  readonly #asked: readonly SentStatement[];
  readonly #language: Language;
  readonly #done: WhenDone;
  readonly #values: readonly ReturnType<typeof parametersOf>[];
  readonly #answers: Answered[] = [];
  #fields: readonly Field[] | undefined;
  #rows: unknown[] = [];
  #others: readonly RoundTrip[] = [];
  #isSent = false;

  /** Throws TypeError for a value that no statement can have. */
  constructor(asked: readonly SentStatement[], language: Language, done: WhenDone) {
    this.text = asked.map(({ text }) => text).join('; ');
    this.#asked = asked;
    this.#language = language;
    this.#done = done;
    this.#values = asked.map(({ text, values = [] }) => parametersOf(text, values));
  }

  /** Sends others with this one. The driver must be given those next. */
  with(others: readonly RoundTrip[]): this {
    this.#others = others;
    return this;
  }

  /** Corked, because each write is a system call and may wake the server's process. */
  submit(connection: pg.Connection): void {
    if (this.#isSent) return;
    connection.stream.cork();
    this.#write(connection);
    for (const other of this.#others) other.#write(connection);
    connection.stream.uncork();
  }

  #write(connection: pg.Connection): void {
    const { parsed, textOf } = this.#language;
    const sent = new Set<string>();
    // First, because the server leaves out what follows a statement that fails.
    for (const { replaced } of this.#asked) {
      if (replaced === undefined) continue;
      connection.close({ type: 'S', name: replaced }, true);
      parsed.delete(replaced);
    }
    for (const [n, { name = '', text, isClosed = false }] of this.#asked.entries()) {
      if (!parsed.has(name) && !sent.has(name)) {
        // The statement may have been parsed, but not described. The server ignores a name that none
        // has.
        if (name !== '') connection.close({ type: 'S', name }, true);
        connection.parse({ name, text: textOf(text), types: [] }, true);
        connection.describe({ type: 'S', name }, true);
      }
      if (name !== '') sent.add(name);
      connection.bind({ statement: name, values: this.#values[n] ?? [] }, true);
      connection.execute(null, true);
      if (isClosed) connection.close({ type: 'S', name }, true);
    }
    connection.sync();
    this.#isSent = true;
  }

  /** The server has described the current statement, which has no columns. */
  handleNoData(): void {
    this.#know([]);
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#know(fields.map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) })));
  }

  handleDataRow({ fields: texts }: { readonly fields: readonly (string | null)[] }): void {
    const { name = '', asArrays = false } = this.#current;
    this.#fields ??= this.#language.parsed.get(name) ?? [];
    this.#rows.push((asArrays ? arrayOf : objectOf)(this.#fields, texts));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const [command = '', ...counts] = text.split(' ');
    this.#answers.push({ command, rowCount: Number(counts.at(-1) ?? 0), rows: this.#rows });
    this.#rows = [];
    this.#fields = undefined;
  }

  handleError(error: Error): void {
    this.#done(error, []);
  }

  handleReadyForQuery(): void {
    this.#done(undefined, this.#answers);
  }

  get #current(): SentStatement {
    return this.#asked[this.#answers.length] ?? { text: '' };
  }

  #know(fields: readonly Field[]): void {
    const { name = '' } = this.#current;
    this.#fields = fields;
    if (name !== '') this.#language.parsed.set(name, fields);
  }
}

function arrayOf(fields: readonly Field[], texts: readonly (string | null)[]): unknown[] {
  return fields.map(({ parse }, n) => {
    const text = texts[n] ?? null;
    return text === null ? null : parse(text);
  });
}

function objectOf(fields: readonly Field[], texts: readonly (string | null)[]): object {
  const row: Record<string, unknown> = {};
  for (const [n, { name, parse }] of fields.entries()) {
    const text = texts[n] ?? null;
    row[name] = text === null ? null : parse(text);
  }
  return row;
}

/**
 * BIGINT and NUMERIC become numbers, because none is beyond 2^53. JSON stays text and is parsed
 * where it is needed.
 */
function parserOf(type: number): (text: string) => unknown {
  const { builtins } = pg.types;
  if (type === builtins.INT8 || type === builtins.NUMERIC) return Number;
  if (type === builtins.JSON) return String;
  return pg.types.getTypeParser(type, 'text');
}
