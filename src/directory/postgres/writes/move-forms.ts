/** The forms of a statement by which users join or leave groups. */
import type { SQL } from 'drizzle-orm';
import { type Slots, type Template, template } from '../../sql/template.ts';
import { compose } from '../connection/connections.ts';

/** Ids of users. No id is in both. */
export interface Delta {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** What the statement does. The parts for the other are left out. */
export type MoveParts = Readonly<Record<'joining' | 'leaving', boolean>>;

/** Each form is composed once. */
export class MoveForms<In extends object, Row> {
  readonly #joining: Template<In, Row>;
  readonly #leaving: Template<In, Row>;
  readonly #both: Template<In, Row>;

  constructor(write: (slots: Slots<In>, parts: MoveParts) => SQL<Row>) {
    const form = (parts: MoveParts) => template<In, Row>(compose, (slots) => write(slots, parts));
    this.#joining = form({ joining: true, leaving: false });
    this.#leaving = form({ joining: false, leaving: true });
    this.#both = form({ joining: true, leaving: true });
  }

  of(deltas: readonly Delta[]): Template<In, Row> {
    if (deltas.every(({ remove }) => remove.length === 0)) return this.#joining;
    return deltas.every(({ add }) => add.length === 0) ? this.#leaving : this.#both;
  }
}
