/** The setup links of an integration that work, and how one is revoked. */
import type { SetupLink } from '../../directory/store/setup-links.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { PostButton } from '../frame/forms.tsx';
import { PageError } from '../frame/page-error.ts';
import { Card } from '../frame/pieces.tsx';
import { Table } from '../frame/table.tsx';
import { Time } from '../frame/time.tsx';
import { tenantHref, withQuery } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { Name } from '../text/names.tsx';
import type { IntegrationPage, IntegrationTarget } from './page-data.ts';

export const SetupLinks = ({
  tenant,
  integration,
  links,
  session,
  mayPatch,
  now,
}: IntegrationPage) => {
  const { namespace, name } = integration.metadata;
  const href = tenantHref(tenant.name, 'provisioning', namespace, name, 'setup-link', 'revoke');
  const columns = ['Created by', 'Token', 'Ends', ...(mayPatch ? ['Action'] : [])];
  return (
    <Card title="Setup links" id="setup-links" live={10} flush>
      <Table caption="Setup links that work" columns={columns}>
        {links.map((link) => (
          <tr>
            <th scope="row">
              <Name of={link.createdBy} />
              <span class="sub">
                created <Time at={link.createdAt} now={now} />
              </span>
            </th>
            <td>{tokenOf(link, now)}</td>
            <td>
              <Time at={link.expiresAt} now={now} />
            </td>
            {mayPatch && (
              <td>
                <PostButton session={session} action={href} fields={{ link: link.hash }}>
                  Revoke
                </PostButton>
              </td>
            )}
          </tr>
        ))}
      </Table>
    </Card>
  );
};

const tokenOf = ({ tokenShownAt }: SetupLink, now: number) =>
  tokenShownAt === undefined ? (
    'not shown'
  ) : (
    <>
      shown <Time at={tokenShownAt} now={now} />
    </>
  );

export async function revokeSetupLink(
  context: ConsoleContext,
  c: ConsoleRequest,
  { integration, href }: IntegrationTarget,
): Promise<Response> {
  const { uid } = integration.metadata;
  const hash = c.get('form').get('link') ?? '';
  const links = await context.store.setupLinks.list(uid, c.get('now'));
  const link = links.find((each) => each.hash === hash);
  if (link === undefined || !(await context.store.setupLinks.revoke(uid, hash))) {
    throw new PageError(409, 'This setup link has ended already', {
      unchanged: 'Nothing was changed.',
      advice: 'Go back to the integration, which shows the links that work.',
    });
  }
  await recordAction(context, c, {
    ...about('ScimIntegration', integration),
    operation: 'revokeSetupLink',
    change: {
      createdBy: { before: link.createdBy },
      expiresAt: { before: new Date(link.expiresAt).toISOString() },
    },
    action: 'RevokeSetupLink',
    note: `revoked a setup link of ${link.createdBy} in the console`,
  });
  return c.redirect(withQuery(href, { done: 'revoked' }), 303);
}
