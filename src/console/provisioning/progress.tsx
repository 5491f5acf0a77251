/** “Is it working?”: the steps from the first contact to a role for a group. */
import type { Child } from 'hono/jsx';
import { Card } from '../frame/pieces.tsx';
import { Time } from '../frame/time.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref } from '../hrefs.ts';
import type { IntegrationPage } from './page-data.ts';
import { guideOf, nameInSentence } from './providers.ts';

interface StepProps {
  readonly isDone: boolean;
  readonly title: string;
  readonly children?: Child;
}

const Step = ({ isDone, title, children }: StepProps) => (
  <li class={isDone ? 'done' : undefined}>
    <b>
      {title}
      {isDone && <span class="unseen"> (done)</span>}
    </b>
    <small>{children}</small>
  </li>
);

export const Progress = ({ tenant, integration, known, roles, now }: IntegrationPage) => {
  const { users = 0, groups = 0, lastRequestAt } = known?.activity ?? {};
  const provider = nameInSentence(guideOf(integration.spec?.identityProvider));
  return (
    <Card title="Is it working?" id="progress" live={5}>
      <ol class="steps">
        <Step isDone={lastRequestAt !== undefined} title="First contact">
          {lastRequestAt === undefined ? (
            <>No request of {provider} with the token has arrived yet.</>
          ) : (
            <>
              The last request of {provider} arrived <Time at={lastRequestAt} now={now} />.
            </>
          )}
        </Step>
        <Step isDone={users > 0} title="First user">
          {users > 0 ? countOf(users, 'user') : 'Assign users in the identity provider.'}
        </Step>
        <Step isDone={groups > 0} title="First group">
          {groups > 0 ? countOf(groups, 'group') : 'Push a group in the identity provider.'}
        </Step>
        {roles !== undefined && (
          <Step isDone={roles > 0} title="A role for a group">
            {roles > 0 ? (
              <a href={tenantHref(tenant.name, 'roles')}>{countOf(roles, 'role')}</a>
            ) : (
              <>
                <a href={tenantHref(tenant.name, 'groups')}>Attach a role to a group</a>, so that
                its members may do something.
              </>
            )}
          </Step>
        )}
      </ol>
    </Card>
  );
};
