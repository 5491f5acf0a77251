/** What was provisioned for a user, and when. */
import type { ActivityEntry } from '../../directory/store/activity.ts';
import { EntryChange } from '../activity/change.tsx';
import { activityHref } from '../activity/filters.ts';
import { OPERATION_WORDS } from '../activity/words.ts';
import { Card, Empty } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { tenantHref } from '../hrefs.ts';
import { Name } from '../text/names.tsx';

const SHOWN = 20;

interface HistoryProps {
  readonly tenant: string;
  /** The id of the user. */
  readonly id: string;
  readonly entries: readonly ActivityEntry[];
  /** Names of integrations by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly now: number;
}

export const HistoryCard = ({ tenant, id, entries, names, now }: HistoryProps) => (
  <Card title="History" flush>
    {entries.length === 0 ? (
      <Empty title="No entries">
        <p>Entries are kept for a limited time, 30 days by default.</p>
      </Empty>
    ) : (
      <Table caption="What was changed, the newest first" columns={['When', 'Who', 'Change']}>
        {entries.slice(0, SHOWN).map((entry) => (
          <tr>
            <th scope="row">
              <Time at={entry.at} now={now} />
            </th>
            <td>
              <Name of={names.get(entry.actor.name) ?? entry.actor.name} />
              <span class="sub">{OPERATION_WORDS[entry.operation]}</span>
            </td>
            <td>
              <EntryChange entry={entry} />
            </td>
          </tr>
        ))}
      </Table>
    )}
    {entries.length > SHOWN && (
      <div class="foot">
        <a href={activityHref(tenantHref(tenant, 'activity'), { resourceId: id })}>
          All entries in Activity
        </a>
      </div>
    )}
  </Card>
);
