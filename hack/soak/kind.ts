/** A kind of object that the operator looks after: how people change it, and what must hold in the end. */
import type { Random } from './random.ts';
import type { World } from './world.ts';

export type RandomChange = (world: World, random: Random) => Promise<unknown>;

export interface Kind {
  /** By what they are called in the report. */
  readonly changes: Readonly<Record<string, RandomChange>>;
  /** One line for each thing that is not as the objects in the cluster say now. */
  differences(world: World): Promise<readonly string[]>;
}
