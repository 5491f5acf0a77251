/** A user's profile. Nothing in it can be edited, because the next sync would undo it. */
import { Card } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { countOf } from '../frame/words.ts';
import { MaybeLink } from '../text/links.tsx';
import { Name } from '../text/names.tsx';
import type { Provisioner } from './person.tsx';
import type { Profile, ProfileRow } from './profile.ts';

/** Who last wrote an attribute, as far as the log still knows. */
export interface FieldWriter {
  readonly name: string;
  readonly at: number;
}

interface ProfileCardProps {
  readonly profile: Profile;
  /** By the name of the attribute. */
  readonly writers: ReadonlyMap<string, FieldWriter>;
  readonly provisioners: readonly Provisioner[];
  /** Names of integrations by id. */
  readonly names: ReadonlyMap<string, string>;
  readonly now: number;
}

export const ProfileCard = ({ profile, writers, provisioners, names, now }: ProfileCardProps) => (
  <Card title="Profile" flush>
    <div class="body">
      {provisioners.some(({ ended }) => !ended) ? (
        <p>
          The identity provider owns every field. Change fields there, because its next sync would
          undo a change that is made here.
        </p>
      ) : (
        <p>No integration maintains this profile any more. It was retained when the last ended.</p>
      )}
    </div>
    <Table caption="Fields of the profile" columns={['Field', 'Value', 'Owned by']}>
      {profile.rows.map((row) => (
        <tr>
          <th scope="row">
            <FieldName {...row} />
          </th>
          <td>
            <MaybeLink value={row.value} />
          </td>
          <td>
            <Owner
              writer={writers.get(row.attribute)}
              names={provisioners
                .filter(({ ended }) => !ended)
                .map(({ integrationId }) => names.get(integrationId) ?? integrationId)}
              now={now}
            />
          </td>
        </tr>
      ))}
    </Table>
    {profile.left > 0 && <div class="foot">{countOf(profile.left, 'more value')}</div>}
  </Card>
);

/** An extension's attribute is shown under its short name, with the whole one on hover. */
const FieldName = ({ path, note }: ProfileRow) => (
  <>
    <span title={path.includes(':') ? path : undefined}>
      <Name of={path.slice(path.lastIndexOf(':') + 1)} />
    </span>
    {note !== undefined && (
      <span class="sub">
        <Name of={note} />
      </span>
    )}
  </>
);

/** Without an entry in the log, any integration that provisioned the user may own the field. */
const Owner = ({
  writer,
  names,
  now,
}: {
  writer: FieldWriter | undefined;
  names: readonly string[];
  now: number;
}) => {
  if (writer === undefined) return names.length === 0 ? <>–</> : <Name of={names.join(' or ')} />;
  return (
    <>
      <Name of={writer.name} />
      <span class="sub">
        set <Time at={writer.at} now={now} />
      </span>
    </>
  );
};
