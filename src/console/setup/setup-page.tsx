/**
 * The page behind a setup link: what the administrator of an identity provider enters there, the
 * token once, and whether the first request has arrived. The address is its only proof.
 */
import { Hono } from 'hono';
import { tenantOf } from '../../crd/defaults.ts';
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { SetupLink } from '../../directory/store/setup-links.ts';
import { getIfExists } from '../../kube/client.ts';
import type { ConsoleContext, ConsoleEnv, ConsoleRequest, ConsoleRoutes } from '../context.ts';
import { showPlain } from '../frame/page.tsx';
import { PageError } from '../frame/page-error.ts';
import { Card, Notice } from '../frame/pieces.tsx';
import { Time } from '../frame/time.tsx';
import { countOf } from '../frame/words.ts';
import { checkOrigin } from '../http/security.ts';
import { ConnectFields } from '../provisioning/connect.tsx';
import { guideOf, nameInSentence } from '../provisioning/providers.ts';
import { type Known, readKnown, titleOf } from '../provisioning/read.ts';
import { isGenerated, revealToken } from '../provisioning/token.ts';
import { appendActivity } from '../record-action.ts';
import { mayStillCreate } from './creator.ts';
import { setupLinkHash } from './link-hash.ts';

const LINK = '/setup/:secret';
/** The form of the secrets. Nothing else is looked up. */
const SECRET = /^[\w-]{43}$/;

export function setupPages(context: ConsoleContext): ConsoleRoutes {
  const pages = new Hono<ConsoleEnv>();
  pages.get(LINK, async (c) => showSetup(c, await readLink(context, c)));
  pages.post(LINK, async (c) => {
    checkOrigin(c.req.raw.headers, context.publicUrl);
    const found = await readLink(context, c);
    const token = await revealByLink(context, c, found);
    return showSetup(c, found, token);
  });
  return pages;
}

interface Setup {
  readonly link: SetupLink;
  readonly mayShowToken: boolean;
  readonly integration: KubeIntegration;
  readonly known: Known | undefined;
}

/** Throws the same PageError whatever it is that keeps the link from working. */
async function readLink(context: ConsoleContext, c: ConsoleRequest): Promise<Setup> {
  const secret = c.req.param('secret') ?? '';
  const { store, client, access } = context;
  const hash = SECRET.test(secret) ? setupLinkHash(secret) : undefined;
  const link = hash === undefined ? undefined : await store.setupLinks.find(hash, c.get('now'));
  if (link === undefined) throw ended();
  const { namespace, name, tenant, createdAt, tokenShownAt } = link;
  const integration = await getIfExists<KubeIntegration>(client, SCIM_INTEGRATIONS, {
    namespace,
    name,
  });
  // A later integration of the same name is not what the link was made for.
  if (integration?.metadata.uid !== link.integrationUid) throw ended();
  if (tenantOf(integration) !== tenant || !(await mayStillCreate(access, link))) throw ended();
  c.env?.authenticated?.();
  const known = await readKnown(context, integration);
  const isRotated = known !== undefined && (await hasNewToken(context, known.record.id, createdAt));
  const mayShowToken = tokenShownAt === undefined && isGenerated(integration) && !isRotated;
  return { link, mayShowToken, integration, known };
}

/**
 * A link is only for the token that there was when it was created. Otherwise, rotating the token
 * would not help against a link that the wrong person has.
 */
async function hasNewToken(
  { store }: ConsoleContext,
  integrationId: string,
  createdAt: number,
): Promise<boolean> {
  const tokens = await store.tokens.list(integrationId);
  return tokens.some(({ issuedAt }) => issuedAt > createdAt);
}

const ended = (): PageError =>
  new PageError(404, 'This setup link does not exist or has ended', {
    advice: 'Ask the person who sent it for a new one.',
  });

async function revealByLink(
  context: ConsoleContext,
  c: ConsoleRequest,
  { link, integration }: Setup,
): Promise<string> {
  const { store, log, now } = context;
  const { hash, creator, createdBy, createdAt } = link;
  const token = await revealToken(context, integration, async (integrationId) => {
    if (await hasNewToken(context, integrationId, createdAt)) return false;
    return store.setupLinks.markTokenShown(hash, now());
  });
  if (token === undefined) {
    throw new PageError(409, "The token can't be shown", {
      unchanged: 'Nothing was changed.',
      advice:
        'The link has shown it before, or it was rotated, or it is not ready yet. Ask the person ' +
        'who sent the link.',
    });
  }
  const { namespace, name, uid } = integration.metadata;
  const requestId = c.get('requestId');
  const resource = { type: 'ScimIntegration', id: uid, name: `${namespace}/${name}` } as const;
  log.info({ requestId, user: createdBy, resource }, 'a setup link showed the token');
  await appendActivity(context, {
    tenant: tenantOf(integration),
    actor: { kind: creator.kind, name: createdBy },
    operation: 'showToken',
    resource,
    requestId,
    change: { setupLink: { after: true } },
  });
  return token;
}

function showSetup(
  c: ConsoleRequest,
  { link, integration, known, mayShowToken }: Setup,
  token?: string,
): Promise<Response> {
  const guide = guideOf(integration.spec?.identityProvider);
  const { endpoint } = integration.status ?? {};
  const now = c.get('now');
  return showPlain(
    {
      title: `Connect ${nameInSentence(guide)}`,
      lead: (
        <>
          For the integration “{titleOf(integration)}”. This page stops working{' '}
          <Time at={link.expiresAt} now={now} />.
        </>
      ),
      isWide: true,
    },
    <>
      {token !== undefined && (
        <Notice tone="warn" title="Copy the token now. This link shows it once." />
      )}
      <Arrival known={known} provider={nameInSentence(guide)} now={now} />
      <Card title="What to enter">
        {endpoint === undefined ? (
          <p>The endpoint is being created. Reload the page in a moment.</p>
        ) : (
          <ConnectFields guide={guide} endpoint={endpoint} token={token}>
            {mayShowToken ? (
              <form method="post">
                <button class="button primary" type="submit">
                  Show the token once
                </button>
              </form>
            ) : (
              <p>This link does not show the token any more. If it is lost, ask for a new link.</p>
            )}
          </ConnectFields>
        )}
      </Card>
    </>,
  );
}

interface ArrivalProps {
  readonly known: Known | undefined;
  readonly provider: string;
  readonly now: number;
}

const Arrival = ({ known, provider, now }: ArrivalProps) => {
  const { lastRequestAt, users = 0, groups = 0 } = known?.activity ?? {};
  return (
    <Card title="Does it work?" id="arrival" live={3}>
      {lastRequestAt === undefined ? (
        <p>Waiting for the first request of {provider}.</p>
      ) : (
        <p>
          Yes. The last request of {provider} arrived <Time at={lastRequestAt} now={now} />. So far,{' '}
          {countOf(users, 'user')} and {countOf(groups, 'group')} were provisioned.
        </p>
      )}
    </Card>
  );
};
