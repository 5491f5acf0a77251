/**
 * Statements that are composed once and run with different values. Composing a statement costs more
 * than most statements do.
 */
import type { Query, SQL } from 'drizzle-orm';
import type { Comparable } from '../../scim/condition.ts';

/** Stands in a statement for a value that each run takes from its input, by name. */
export class Slot {
  readonly name: string;
  readonly #convert: ((value: unknown) => unknown) | undefined;

  constructor(name: string, convert?: (value: unknown) => unknown) {
    this.name = name;
    this.#convert = convert;
  }

  /** Whether both have the same value in any input. */
  isSame(other: Slot): boolean {
    return other.name === this.name && other.#convert === this.#convert;
  }

  valueIn(input: object): unknown {
    const value = (input as Readonly<Record<string, unknown>>)[this.name];
    return this.#convert === undefined ? value : this.#convert(value);
  }
}

/** The type as which a value is compared (see comparable.ts). */
export type ScalarType = 'text' | 'number' | 'boolean';

/** A slot for a literal of a filter. */
export class LiteralSlot extends Slot {
  readonly type: ScalarType;
  /** The literal itself, if the text of the statement depends on it. */
  readonly fixed: Comparable | undefined;

  constructor(
    name: string,
    type: ScalarType,
    fixed?: Comparable,
    convert?: (value: unknown) => unknown,
  ) {
    super(name, convert);
    this.type = type;
    this.fixed = fixed;
  }

  /** The same literal, converted when the statement runs. */
  as(type: ScalarType, convert: (value: unknown) => unknown): LiteralSlot {
    return new LiteralSlot(this.name, type, this.fixed, convert);
  }
}

/** A slot for the list of the values that the requests have in one slot. */
export class ListSlot extends Slot {
  readonly type: ScalarType;
  readonly #each: Slot;

  constructor(name: string, each: Slot) {
    super(name);
    this.type = each instanceof LiteralSlot ? each.type : 'text';
    this.#each = each;
  }

  takesFrom(slot: Slot): boolean {
    return this.#each.isSame(slot);
  }

  /** The list of one request. */
  override valueIn(input: object): readonly unknown[] {
    return [this.#each.valueIn(input)];
  }
}

/** A text that is known when the statement is composed, or when it runs. */
export type Text = string | Slot;

/** A slot for each property of the input. */
export type Slots<In extends object> = Readonly<Record<keyof In, Slot>>;

/** Each property of the input, or a slot for it. */
export type Given<In extends object> = { readonly [Name in keyof In]: In[Name] | Slot };

/**
 * A statement with its values: plain data, which another thread or process can run. Booleans are
 * numbers if it is one of SQLite's.
 */
export interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** A statement whose values come from an input. `Row` is what it selects. */
export class Template<In extends object, Row> {
  readonly sql: string;
  /** Whether a request decides about the text, by the shape of its filter for example. */
  readonly isOfRequest: boolean;
  /** In their order, those that depend on the input as slots. */
  protected readonly values: readonly unknown[];
  declare readonly row: Row;

  constructor({ sql, params }: Query, isOfRequest = false) {
    this.sql = sql;
    this.isOfRequest = isOfRequest;
    this.values = params;
  }

  params(input: In): unknown[] {
    return this.values.map((each) => (each instanceof Slot ? each.valueIn(input) : each));
  }

  statement(input: In): Statement {
    return { sql: this.sql, params: this.params(input) };
  }
}

/** Composes statements of one database; see composer. */
export type Compose = (statement: SQL) => Query;

/** Composes a statement with a slot for each property of its input. */
export function template<In extends object, Row>(
  compose: Compose,
  write: (slots: Slots<In>) => SQL<Row>,
): Template<In, Row> {
  const slots = new Proxy({}, { get: (_, name) => new Slot(String(name)) });
  return new Template(compose(write(slots as Slots<In>)));
}
