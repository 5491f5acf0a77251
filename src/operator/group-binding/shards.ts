/**
 * Distributes members over RoleBindings, as a pure function. Each member stays where it is while
 * others come and go, so that one change rewrites one RoleBinding.
 */

export interface Shard {
  readonly index: number;
  readonly subjects: readonly string[];
  /** The RoleBinding has other differences that must be corrected. */
  readonly isDrifted?: boolean;
}

/**
 * To be carried out in this order. A shard without subjects is deleted. Nobody who keeps the role
 * loses it in between.
 */
export interface ShardPlan {
  /** Revokes and corrects, but grants nothing. */
  readonly removals: readonly Shard[];
  /** Only grants. */
  readonly additions: readonly Shard[];
  /** Removes from one shard what another one now has, so only after all additions succeeded. */
  readonly moves: readonly Shard[];
}

export function planShards(
  existing: readonly Shard[],
  wanted: readonly string[],
  size: number,
): ShardPlan {
  const shards = keepWanted(existing, new Set(wanted));
  const final = place(holdersOf(shards, wanted.length, size), wanted, size);
  const plan = { removals: [] as Shard[], additions: [] as Shard[], moves: [] as Shard[] };
  const indexes = new Set([...shards.map(({ index }) => index), ...final.keys()]);
  for (const index of [...indexes].toSorted((a, b) => a - b)) {
    const shard = shards.find((each) => each.index === index);
    const goal = final.get(index) ?? [];
    const kept = shard?.kept ?? [];
    const between = [...new Set([...kept, ...goal])].toSorted();
    const isWrong =
      shard !== undefined &&
      (shard.isDrifted || kept.length < shard.subjects.length || between.length === 0);
    if (isWrong) plan.removals.push({ index, subjects: kept });
    if (between.length > kept.length) plan.additions.push({ index, subjects: between });
    if (between.length > goal.length) plan.moves.push({ index, subjects: goal });
  }
  return plan;
}

interface KeptShard extends Shard {
  /** The wanted subjects that are in no earlier shard. */
  readonly kept: readonly string[];
}

function keepWanted(existing: readonly Shard[], wanted: ReadonlySet<string>): KeptShard[] {
  const seen = new Set<string>();
  return existing
    .toSorted((a, b) => a.index - b.index)
    .map((shard) => ({
      ...shard,
      kept: shard.subjects.filter((subject) => {
        const isKept = wanted.has(subject) && !seen.has(subject);
        seen.add(subject);
        return isKept;
      }),
    }));
}

/**
 * Returns the shards that remain. Their number shrinks only when they would be half empty, so that
 * shards don't come and go with every member.
 */
function holdersOf(shards: readonly KeptShard[], total: number, size: number): KeptShard[] {
  const used = shards.filter(({ kept }) => kept.length > 0);
  if (used.length < 2 || total > ((used.length - 1) * size) / 2) return used;
  const fullest = used.toSorted((a, b) => b.kept.length - a.kept.length || a.index - b.index);
  return fullest.slice(0, Math.ceil(total / size)).toSorted((a, b) => a.index - b.index);
}

/** Places the remaining members where there is room, first in the holders, then in new shards. */
function place(
  holders: readonly KeptShard[],
  wanted: readonly string[],
  size: number,
): ReadonlyMap<number, readonly string[]> {
  const final = new Map(holders.map(({ index, kept }) => [index, kept.slice(0, size)]));
  const placed = new Set([...final.values()].flat());
  const homeless = wanted.filter((subject) => !placed.has(subject)).toSorted();
  for (const [index, subjects] of final) {
    final.set(index, [...subjects, ...homeless.splice(0, size - subjects.length)].toSorted());
  }
  for (let index = 0; homeless.length > 0; index += 1) {
    if (!final.has(index)) final.set(index, homeless.splice(0, size));
  }
  return final;
}
