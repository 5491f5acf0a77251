/** A kind of object that the operator manages: how it is changed, and what must hold in the end. */
import type { Random } from './random.ts';
import type { ObservedWorld, World } from './world.ts';

export type RandomChange = (world: World, random: Random) => Promise<unknown>;

export interface Kind {
  /** Keyed by their names in the report. */
  readonly changes: Readonly<Record<string, RandomChange>>;
  /** Returns a line for each difference from what the objects in the cluster now require. */
  differences(world: ObservedWorld): Promise<readonly string[]>;
}
