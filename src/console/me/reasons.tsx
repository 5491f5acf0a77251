/** Because of which bindings the visitor has permissions. */
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { Card, Empty } from '../frame/pieces.tsx';
import { countOf } from '../frame/words.ts';
import { type ShownGrant, shownGrants } from '../roles/grants.ts';
import { GrantsTable } from '../roles/grants-table.tsx';

/** The holder of a token may see thousands. */
const MOST_NAMESPACES = 20;

interface Reasons {
  readonly namespaces: readonly {
    readonly namespace: string;
    readonly grants: readonly ShownGrant[];
  }[];
  /** How many more namespaces there are. */
  readonly left: number;
}

export async function reasonsIn(
  context: Pick<ConsoleContext, 'access' | 'client'>,
  c: ConsoleRequest,
  namespaces: readonly string[],
): Promise<Reasons> {
  const { identity } = c.get('visit').session;
  // A namespace may provision several tenants.
  const all = [...new Set(namespaces)];
  const shown = all.slice(0, MOST_NAMESPACES);
  const inEach = shown.map(async (namespace) => ({
    namespace,
    grants: await shownGrants(context, identity, namespace),
  }));
  return { namespaces: await Promise.all(inEach), left: all.length - shown.length };
}

export const ReasonsCard = ({ namespaces, left }: Reasons) => {
  const given = namespaces.filter(({ grants }) => grants.length > 0);
  return (
    <Card title="Because of which bindings" flush>
      {given.map((each) => (
        <GrantsTable {...each} />
      ))}
      {given.length === 0 && (
        <Empty title="No binding names you or one of your groups.">
          <p>Whatever you may do does not come from a role.</p>
        </Empty>
      )}
      {left > 0 && <div class="foot">{countOf(left, 'more namespace')}</div>}
    </Card>
  );
};
