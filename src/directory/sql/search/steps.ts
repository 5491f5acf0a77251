/** A read as steps: it asks for the rows of one statement after the other. */
import type { Template } from '../template.ts';

/**
 * A statement whose rows a read needs next. `template.statement(input)` is the same as plain data.
 */
export interface ReadStep {
  readonly template: Template<object, unknown>;
  readonly input: object;
}

export type Steps<T> = Generator<ReadStep, T, readonly unknown[]>;

export function* ask<In extends object, Row>(
  template: Template<In, Row>,
  input: In,
): Generator<ReadStep, readonly Row[], readonly unknown[]> {
  return (yield { template: template as Template<object, Row>, input }) as readonly Row[];
}
