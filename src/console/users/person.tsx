/** The parts of a user's page that show what the directory knows. */
import type { GroupOfPerson, GroupReference, Person } from '../../directory/store/people.ts';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { count } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import { MaybeLink } from '../text/links.tsx';
import { Name } from '../text/names.tsx';

export type Provisioner = Person['provisionedBy'][number];

export const provisionerName = ({ integrationId, integration }: Provisioner): string =>
  integration?.name ?? integrationId;

export const ProvisionersCard = ({
  tenant,
  provisioners,
  names,
}: {
  tenant: string;
  provisioners: readonly Provisioner[];
  /** Names of integrations by id. */
  names: ReadonlyMap<string, string>;
}) => (
  <Card title="Provisioned by">
    {provisioners.length === 0 && <p>No integration maintains this user any more.</p>}
    <dl>
      {provisioners.map((each) => (
        <>
          <dt>
            <ProvisionerLink
              tenant={tenant}
              provisioner={each}
              title={names.get(each.integrationId) ?? provisionerName(each)}
            />
          </dt>
          <dd>
            {each.ended && <Chip tone="rest">Ended</Chip>}{' '}
            {each.externalId === undefined ? (
              'no externalId'
            ) : (
              <>
                externalId <Name of={each.externalId} whole />
              </>
            )}
          </dd>
        </>
      ))}
    </dl>
  </Card>
);

interface ProvisionerLinkProps {
  readonly tenant: string;
  readonly provisioner: Provisioner;
  readonly title: string;
}

const ProvisionerLink = ({ tenant, provisioner, title }: ProvisionerLinkProps) => {
  const { integration, ended } = provisioner;
  if (integration === undefined || ended) return <Name of={title} />;
  const { namespace, name } = integration;
  return (
    <a href={tenantHref(tenant, 'provisioning', namespace, name)}>
      <Name of={title} />
    </a>
  );
};

export const MembershipsCard = ({
  tenant,
  memberships,
}: {
  tenant: string;
  memberships: readonly GroupOfPerson[];
}) => (
  <Card title="Groups" flush>
    {memberships.length === 0 ? (
      <Empty title="In no group">
        <p>Add the user to a group in the identity provider.</p>
      </Empty>
    ) : (
      <Table caption="Groups of the user" columns={['Group', 'How']}>
        {memberships.slice(0, MOST_SHOWN).map(({ via, ...group }) => (
          <tr>
            <th scope="row">
              <GroupLink tenant={tenant} group={group} />
            </th>
            <td>{via.length === 0 ? 'Direct member' : <Way tenant={tenant} via={via} />}</td>
          </tr>
        ))}
      </Table>
    )}
    <Left all={memberships.length} />
  </Card>
);

/** Nobody looks through more, and a page must stay small. */
const MOST_SHOWN = 100;

const Left = ({ all }: { all: number }) =>
  all > MOST_SHOWN ? <div class="foot">{count(all - MOST_SHOWN)} more are not shown</div> : null;

/** How a member of the first group is in another one. */
export const Way = ({ tenant, via }: { tenant: string; via: readonly GroupReference[] }) => (
  <>
    Through{' '}
    {via.map((each, index) => (
      <>
        {index > 0 && ', which is in '}
        <GroupLink tenant={tenant} group={each} />
      </>
    ))}
  </>
);

export const GroupLink = ({ tenant, group }: { tenant: string; group: GroupReference }) => (
  <a href={tenantHref(tenant, 'groups', group.id)}>
    <Name of={group.displayName} />
  </a>
);

export const AccountCard = ({
  identity,
  unbind,
  now,
}: {
  identity:
    | { readonly issuer: string; readonly subject: string; readonly boundAt: number }
    | undefined;
  /** The address of the page that asks before unbinding; undefined without the permission. */
  unbind: string | undefined;
  now: number;
}) => (
  <Card title="Account for sign-in">
    {identity === undefined ? (
      <p>No account is bound yet. The first sign-in binds the account that was used.</p>
    ) : (
      <>
        <dl>
          <dt>Issuer</dt>
          <dd>
            <MaybeLink value={identity.issuer} />
          </dd>
          <dt>Subject</dt>
          <dd>
            <Name of={identity.subject} whole />
          </dd>
          <dt>Bound</dt>
          <dd>
            <Time at={identity.boundAt} now={now} />
          </dd>
        </dl>
        <p>While it is bound, another account can't sign in as this user.</p>
        {unbind !== undefined && (
          <a class="button danger" href={unbind}>
            Unbind…
          </a>
        )}
      </>
    )}
  </Card>
);

interface ShownSession {
  readonly provider: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly expiresAt: number;
}

export const SessionsCard = ({
  sessions,
  endAll,
  now,
}: {
  sessions: readonly ShownSession[];
  /** The address of the page that asks before ending them; undefined without the permission. */
  endAll: string | undefined;
  now: number;
}) => (
  <Card title="Sessions" flush={sessions.length > 0}>
    {sessions.length === 0 ? (
      <p>The user is not signed in.</p>
    ) : (
      <Table caption="Sessions of the user" columns={['Through', 'Signed in', 'Last used', 'Ends']}>
        {sessions.slice(0, MOST_SHOWN).map(({ provider, createdAt, lastUsedAt, expiresAt }) => (
          <tr>
            <th scope="row">
              <Name of={provider} />
            </th>
            {[createdAt, lastUsedAt, expiresAt].map((at) => (
              <td>
                <Time at={at} now={now} />
              </td>
            ))}
          </tr>
        ))}
      </Table>
    )}
    <Left all={sessions.length} />
    {sessions.length > 0 && endAll !== undefined && (
      <div class="foot">
        <a class="button danger" href={endAll}>
          End all…
        </a>
      </div>
    )}
  </Card>
);
