/** The page of an integration: is it working, and what is entered at the identity provider? */
import type { Child } from 'hono/jsx';
import { bindingTenantOf, deletionPolicyOf, isEnabled } from '../../crd/defaults.ts';
import { SCIM_GROUP_BINDINGS } from '../../crd/names.ts';
import type { KubeGroupBinding, KubeIntegration } from '../../crd/objects.ts';
import { scopeOf } from '../../directory/store/integrations.ts';
import type { RecentRequest } from '../../directory/store/recent-requests.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { PostButton } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { Card, Chip, Facts, Notice, Tag } from '../frame/pieces.tsx';
import { Time } from '../frame/time.tsx';
import { countOf } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { listIn } from '../list-in.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import { ConnectFields } from './connect.tsx';
import { Declared, declarersOf } from './declared.tsx';
import type { IntegrationPage } from './page-data.ts';
import { Progress } from './progress.tsx';
import { guideOf, nameInSentence } from './providers.ts';
import { type Known, readKnown, titleOf } from './read.ts';
import { Requests } from './requests.tsx';
import { SetupLinks } from './setup-links.tsx';
import { stateOf } from './state.ts';
import { isGenerated, tokensOf } from './token.ts';
import { Tokens } from './tokens.tsx';

/** What was just done, by the word in the address. */
const DONE = {
  created: 'The integration was created.',
  enabled: 'The integration is enabled. Its requests are served again.',
  disabled: 'The integration is disabled. Every request is refused.',
  rotated: 'The token was rotated.',
  revoked: 'The setup link was revoked. It does not work any more.',
  rotating: 'The operator was told to rotate the token. Reload the page in a moment.',
} as const;
type Done = keyof typeof DONE;

export const isDone = (word: string | undefined): word is Done =>
  word !== undefined && Object.hasOwn(DONE, word);

interface Extras {
  /** Shown on this page and never again. */
  readonly token?: string | undefined;
  readonly done?: Done | undefined;
}

export async function showIntegration(
  context: ConsoleContext,
  c: ConsoleRequest,
  integration: KubeIntegration,
  { token, done }: Extras = {},
): Promise<Response> {
  const tenant = c.get('tenant');
  const { namespace, name } = integration.metadata;
  const known = await readKnown(context, integration);
  const [tokens, links, requests, roles, mayPatch, mayDelete] = await Promise.all([
    known === undefined ? [] : tokensOf(context, known.record.id),
    context.store.setupLinks.list(integration.metadata.uid, c.get('now')),
    requestsOf(context, tenant, known),
    countRoles(context, tenant),
    tenant.mayIn(namespace, 'patch', 'scimintegrations', name),
    tenant.mayIn(namespace, 'delete', 'scimintegrations', name),
  ]);
  const page: IntegrationPage = {
    tenant,
    session: c.get('visit').session,
    integration,
    known,
    tokens,
    links,
    requests,
    roles,
    mayPatch,
    mayDelete,
    now: c.get('now'),
    token,
  };
  const state = stateOf(integration);
  const declarers = declarersOf(integration);
  const isSaid = done === 'disabled' && state.word === 'Disabled';
  const href = tenantHref(tenant.name, 'provisioning', namespace, name);
  return show(
    c,
    {
      title: titleOf(integration),
      section: 'provisioning',
      crumbs: [{ title: 'Provisioning', href: tenantHref(tenant.name, 'provisioning') }],
      marks: (
        <>
          <Chip tone={state.tone}>{state.word}</Chip>
          <Tag>{guideOf(integration.spec?.identityProvider).name}</Tag>
        </>
      ),
      actions:
        integration.metadata.deletionTimestamp === undefined ? <Actions {...page} /> : undefined,
      lead: integration.spec?.description,
      address: c.req.method === 'POST' ? withQuery(href, { done }) : undefined,
    },
    <>
      {token !== undefined && (
        <Notice tone="warn" title="Copy the token now. It is shown once.">
          <p>
            Afterwards it is only in the Secret{' '}
            <code>{integration.status?.tokenSecretRef?.name}</code> of the namespace {namespace}.
            The directory keeps a hash.
          </p>
        </Notice>
      )}
      {done !== undefined && token === undefined && <Notice tone="good" title={DONE[done]} />}
      {mayPatch && declarers.length > 0 && (
        <Notice title="The switch may be undone">
          <p>
            <Declared by={declarers} />
          </p>
        </Notice>
      )}
      {state.detail !== undefined && !isSaid && <Notice tone="warn" title={state.detail} />}
      <div class="two">
        <div>
          <Connect {...page} />
          {requests !== undefined && <Requests requests={requests} now={page.now} />}
        </div>
        <div>
          <Progress {...page} />
          {tokens.length > 0 && <Tokens tokens={tokens} now={page.now} />}
          {links.length > 0 && <SetupLinks {...page} />}
          <About {...page} />
        </div>
      </div>
    </>,
  );
}

/** They contain what was sent about users, which is a permission of its own. */
async function requestsOf(
  { store }: ConsoleContext,
  tenant: TenantVisit,
  known: Known | undefined,
): Promise<readonly RecentRequest[] | undefined> {
  if (!(await tenant.mayAnywhere('list', 'activity'))) return undefined;
  return known === undefined ? [] : store.recentRequests.list(scopeOf(known.record));
}

async function countRoles(
  { client }: ConsoleContext,
  tenant: TenantVisit,
): Promise<number | undefined> {
  const namespaces = await tenant.allowed('list', 'scimgroupbindings');
  if (namespaces.length === 0) return undefined;
  const bindings = await listIn<KubeGroupBinding>(client, SCIM_GROUP_BINDINGS, namespaces);
  return bindings.filter((each) => bindingTenantOf(each) === tenant.name).length;
}

const hrefOf = ({ tenant, integration }: IntegrationPage, ...below: readonly string[]): string => {
  const { namespace, name } = integration.metadata;
  return tenantHref(tenant.name, 'provisioning', namespace, name, ...below);
};

const Actions = (page: IntegrationPage) => {
  const { integration, session, mayPatch, mayDelete } = page;
  return (
    <>
      {mayPatch &&
        (isEnabled(integration) ? (
          <a class="button" href={hrefOf(page, 'disable')}>
            Disable…
          </a>
        ) : (
          <PostButton action={hrefOf(page, 'enable')} session={session} isPrimary>
            Enable
          </PostButton>
        ))}
      {mayPatch && isGenerated(integration) && (
        <a class="button" href={hrefOf(page, 'rotate')}>
          Rotate token…
        </a>
      )}
      {mayDelete && (
        <a class="button danger" href={hrefOf(page, 'remove')}>
          Remove…
        </a>
      )}
    </>
  );
};

const Connect = (page: IntegrationPage) => {
  const { integration, session, token, tokens, mayPatch } = page;
  const { endpoint, tokenSecretRef } = integration.status ?? {};
  const guide = guideOf(integration.spec?.identityProvider);
  const current = tokens[0];
  const wasShown = current?.shownAt !== undefined;
  if (endpoint === undefined) {
    return (
      <Card title={`Connect ${nameInSentence(guide)}`} id="connect" live={2}>
        <p>The operator is creating the endpoint and the token.</p>
      </Card>
    );
  }
  return (
    <Card title={`Connect ${nameInSentence(guide)}`}>
      <ConnectFields guide={guide} endpoint={endpoint} token={token}>
        {current !== undefined && !wasShown && isGenerated(integration) && mayPatch ? (
          <PostButton action={hrefOf(page, 'token')} session={session} isPrimary>
            Show the token once
          </PostButton>
        ) : (
          <p>
            The token is in the Secret <code>{tokenSecretRef?.name}</code> of the namespace{' '}
            {integration.metadata.namespace}
            {isGenerated(integration) ? '.' : ', which you maintain yourself.'}
            {isGenerated(integration) && wasShown && ' It was shown here before.'}
            {isGenerated(integration) && wasShown && mayPatch && ' If it is lost, rotate it.'}
          </p>
        )}
      </ConnectFields>
      {mayPatch && (
        <div class="buttons">
          <a class="button" href={hrefOf(page, 'setup-link')}>
            Setup link for the administrator of {nameInSentence(guide)}…
          </a>
        </div>
      )}
    </Card>
  );
};

const About = (page: IntegrationPage) => {
  const { tenant, integration, known, now } = page;
  const { metadata, spec } = integration;
  const users = tenantHref(tenant.name, 'users');
  const groups = tenantHref(tenant.name, 'groups');
  const integrationId = known?.record.id;
  const last = known?.activity.lastRequestAt;
  const facts: (readonly [string, Child])[] = [
    [
      'Users',
      <a href={withQuery(users, { by: integrationId })}>
        {countOf(known?.activity.users ?? 0, 'user')}
      </a>,
    ],
    ['Groups', <a href={groups}>{countOf(known?.activity.groups ?? 0, 'group')}</a>],
    ['Last request', last === undefined ? 'none yet' : <Time at={last} now={now} />],
    [
      'Resource',
      <code>
        scimintegration/{metadata.name} -n {metadata.namespace}
      </code>,
    ],
    ['Type', 'SCIM 2.0'],
    ['Id', integrationId === undefined ? 'none yet' : <code>{integrationId}</code>],
    ['Created', <Time at={Date.parse(metadata.creationTimestamp)} now={now} />],
    [
      'When removed',
      deletionPolicyOf(integration) === 'Retain'
        ? 'users and groups stay (Retain)'
        : 'users and groups that no other integration provisioned are removed (Delete)',
    ],
    ...(spec?.token?.rotation?.interval === undefined
      ? []
      : [['Rotation', `every ${spec.token.rotation.interval}`] as const]),
  ];
  return (
    <Card title="About" id="about" live={5}>
      <Facts of={facts} />
    </Card>
  );
};
