/** Notices when the volume of a database is full, and when it has space again. */
import { Outage } from '../../outage.ts';

export interface SpaceEvents {
  /** Called when a write fails for lack of space, once until `onSpace` is called. */
  readonly onFull?: () => void;
  /** Called when something could be written and nothing has failed for a while. */
  readonly onSpace?: () => void;
}

/** A full volume may still have room for a small write between two large ones. */
const CALM_MS = 5_000;

export class FreeSpace {
  readonly #events: SpaceEvents;
  readonly #outage = new Outage();
  #failedAt: number | undefined;

  constructor(events: SpaceEvents) {
    this.#events = events;
  }

  get lacking(): boolean {
    return this.#failedAt !== undefined;
  }

  failed(): void {
    this.#failedAt = performance.now();
    if (this.#outage.begins()) this.#events.onFull?.();
  }

  /** Call this after a COMMIT that changed something. */
  written(): void {
    if (this.#failedAt === undefined || performance.now() - this.#failedAt < CALM_MS) return;
    this.#failedAt = undefined;
    if (this.#outage.ends()) this.#events.onSpace?.();
  }
}
