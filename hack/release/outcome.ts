/** The outcome of one check before a release. */
export interface Outcome {
  readonly name: string;
  /** What was found, if there is no fault. */
  readonly found: string;
  /** Each says what is wrong, and then what to do. */
  readonly faults: readonly string[];
}

export function lineOf({ name, found, faults }: Outcome): string {
  return faults.length === 0
    ? `ok      ${name}: ${found}`
    : `failed  ${name}: ${faults.join('; ')}`;
}
