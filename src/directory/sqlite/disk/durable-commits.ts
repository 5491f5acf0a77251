/** Commits that are forced to the disk, and seen by the reads of another connection only then. */
import type { HeldState } from './held-state.ts';
import type { WriteAheadLog } from './write-ahead-log.ts';

export class DurableCommits {
  readonly #log: Pick<WriteAheadLog, 'force'>;
  readonly #state: HeldState;
  #forcing: Promise<void> | undefined;
  #isUnsure = false;

  constructor(log: Pick<WriteAheadLog, 'force'>, state: HeldState) {
    this.#log = log;
    this.#state = state;
  }

  /** Whether what is committed may be lost. Reads don't see it, and nothing may be added to it. */
  get isUnsure(): boolean {
    return this.#isUnsure;
  }

  /** Settles when the disk has been tried. Undefined unless it is being tried. */
  get forcing(): Promise<void> | undefined {
    return this.#forcing;
  }

  /** Resolves when what `commit` commits is on the disk. */
  async commit(commit: () => void): Promise<void> {
    try {
      this.#state.hold();
      commit();
      await this.#force(false);
    } finally {
      if (!this.#isUnsure) this.#state.release();
    }
  }

  /** Makes up for a commit that is unsure. */
  async settle(): Promise<void> {
    await this.#force(true);
    this.#state.release();
  }

  async #force(isAgain: boolean): Promise<void> {
    this.#isUnsure = true;
    try {
      this.#forcing = this.#log.force(isAgain);
      await this.#forcing;
    } finally {
      this.#forcing = undefined;
    }
    this.#isUnsure = false;
  }
}
