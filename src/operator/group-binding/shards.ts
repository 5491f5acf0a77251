/**
 * Members over RoleBindings, decided purely: each stays where it is while others come and go, so
 * that one change rewrites one RoleBinding.
 */

export interface Shard {
  readonly index: number;
  readonly subjects: readonly string[];
  /** There is something about it that is to be corrected in any case. */
  readonly isDrifted?: boolean;
}

/**
 * In this order; a shard without subjects is to be deleted. Nobody loses in between what they had
 * and shall have.
 */
export interface ShardPlan {
  /** Takes from who shall not have it, and corrects; gives nothing. */
  readonly removals: readonly Shard[];
  /** Only gives. */
  readonly additions: readonly Shard[];
  /** Takes from one shard what another one has by now: not before all additions are made. */
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
  /** Who shall have it and is in no shard before. */
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
 * The shards that go on. Fewer than there are only when these would be half empty: otherwise they
 * would come and go with every member.
 */
function holdersOf(shards: readonly KeptShard[], total: number, size: number): KeptShard[] {
  const used = shards.filter(({ kept }) => kept.length > 0);
  if (used.length < 2 || total > ((used.length - 1) * size) / 2) return used;
  const fullest = used.toSorted((a, b) => b.kept.length - a.kept.length || a.index - b.index);
  return fullest.slice(0, Math.ceil(total / size)).toSorted((a, b) => a.index - b.index);
}

/** Who has no place gets one where there is room, first in the holders and then in new shards. */
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
