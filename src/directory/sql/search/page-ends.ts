/**
 * Where pages by index ended. The page behind an end begins at a key, so that what precedes it is
 * not counted again. What was noted is used until anything is written.
 */
import { andThen, type Eventual } from '../../../eventual.ts';
import type { Page } from '../../store/resources.ts';
import type { DataVersion } from '../conditions.ts';
import type { Template } from '../template.ts';
import { ask, type Steps } from './steps.ts';

/** Of all tenants together. */
const MOST_ENDS = 1_000;

/** The beginning of a page in the list of all resources of a tenant. */
interface Place {
  readonly tenant: string;
  readonly offset: number;
}

export class PageEnds {
  readonly #statement: Template<object, DataVersion>;
  #version: number | undefined;
  /** The ids of the resources before the places; the oldest one comes first. */
  readonly #ids = new Map<string, string>();

  constructor(version: Template<object, DataVersion>) {
    this.#statement = version;
  }

  /** Reads the page at the place, behind the id that is known to precede it if there is one. */
  follow<P extends Page<{ readonly id: string }>>(
    place: Place,
    read: (steps: Steps<number>) => Eventual<number>,
    page: (id: string | undefined) => Eventual<P>,
  ): Eventual<P> {
    return andThen(read(this.#now()), (version) => {
      const id = version === this.#version ? this.#ids.get(keyOf(place)) : undefined;
      return andThen(page(id), (found) => {
        const last = found.records.at(-1)?.id;
        if (last === undefined) return found;
        const end = { ...place, offset: place.offset + found.records.length };
        // A page that others have waited for may be of another state.
        return andThen(read(this.#now()), (now) => {
          if (now === version) this.#note(version, end, last);
          return found;
        });
      });
    });
  }

  *#now(): Steps<number> {
    const [row] = yield* ask(this.#statement, {});
    return row?.data_version ?? Number.NaN;
  }

  #note(version: number, end: Place, id: string): void {
    if (version !== this.#version) this.#ids.clear();
    this.#version = version;
    this.#ids.set(keyOf(end), id);
    const [oldest] = this.#ids.keys();
    if (this.#ids.size > MOST_ENDS && oldest !== undefined) this.#ids.delete(oldest);
  }
}

const keyOf = ({ tenant, offset }: Place): string => `${offset} ${tenant}`;
