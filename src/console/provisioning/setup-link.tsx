/** Creates setup links: for the administrator of an identity provider, who has no access here. */
import { randomBytes } from 'node:crypto';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { CsrfField, Field, fieldAttributes } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { badRequest, PageError } from '../frame/page-error.ts';
import { Card, CopyField, Notice } from '../frame/pieces.tsx';
import { Time } from '../frame/time.tsx';
import { tenantHref } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { creatorOf } from '../setup/creator.ts';
import { setupLinkHash } from '../setup/link-hash.ts';
import type { IntegrationTarget } from './page-data.ts';
import { guideOf, nameInSentence } from './providers.ts';
import { titleOf } from './read.ts';

/** Of an integration, at a time. */
const MOST_LINKS = 20;

const HOUR = 3_600_000;

/** How long a link may work, by the value in the form. */
const LIFETIMES: Readonly<Record<string, { readonly words: string; readonly ms: number }>> = {
  '1d': { words: '1 day', ms: 24 * HOUR },
  '7d': { words: '7 days', ms: 7 * 24 * HOUR },
};

export function showSetupLinkForm(c: ConsoleRequest, target: IntegrationTarget): Promise<Response> {
  const provider = nameInSentence(guideOf(target.integration.spec?.identityProvider));
  return inFrame(
    c,
    target,
    <Card title={`For the administrator of ${provider}`}>
      <p>
        A setup link opens a page with the endpoint, the fields of {provider} and, once, the token.
        It needs no sign-in, so send it only to the person who enters them.
      </p>
      <form method="post" action={`${target.href}/setup-link`}>
        <CsrfField session={c.get('visit').session} />
        <Field id="lifetime" label="The link works for">
          <select {...fieldAttributes({ id: 'lifetime' })} name="lifetime">
            {Object.entries(LIFETIMES).map(([value, { words }]) => (
              <option value={value}>{words}</option>
            ))}
          </select>
        </Field>
        <div class="buttons">
          <button class="button primary" type="submit">
            Create the link
          </button>
          <a class="button" href={target.href}>
            Cancel
          </a>
        </div>
      </form>
    </Card>,
  );
}

export async function createSetupLink(
  context: ConsoleContext,
  c: ConsoleRequest,
  target: IntegrationTarget,
): Promise<Response> {
  const lifetime = LIFETIMES[c.get('form').get('lifetime') ?? ''];
  if (lifetime === undefined)
    throw badRequest('The lifetime is unknown', 'Choose one of the form.');
  const { namespace, name, uid } = target.integration.metadata;
  await checkRoom(context, c, uid);
  const secret = randomBytes(32).toString('base64url');
  const createdAt = context.now();
  const expiresAt = createdAt + lifetime.ms;
  const { session } = c.get('visit');
  const tenant = c.get('tenant').name;
  const hash = setupLinkHash(secret);
  await context.store.setupLinks.create({
    hash,
    tenant,
    namespace,
    name,
    integrationUid: uid,
    creator: creatorOf(session),
    createdBy: session.identity.user,
    createdAt,
    expiresAt,
  });
  await recordAction(context, c, {
    ...about('ScimIntegration', target.integration),
    operation: 'createSetupLink',
    change: { expiresAt: { after: new Date(expiresAt).toISOString() } },
    action: 'CreateSetupLink',
    note: `created a setup link that works for ${lifetime.words} in the console`,
  });
  return inFrame(
    c,
    target,
    <>
      <Notice tone="warn" title="Copy the link now. It is shown once." />
      <Card title="Setup link">
        <CopyField
          id="link"
          label="Address"
          value={`${context.publicUrl}/setup/${secret}`}
          hint={
            <>
              Expires <Time at={expiresAt} now={c.get('now')} />
            </>
          }
        />
        <a class="button" href={target.href}>
          Back to {titleOf(target.integration)}
        </a>
      </Card>
    </>,
  );
}

async function checkRoom(
  { store }: ConsoleContext,
  c: ConsoleRequest,
  integrationUid: string,
): Promise<void> {
  const links = await store.setupLinks.list(integrationUid, c.get('now'));
  if (links.length < MOST_LINKS) return;
  throw new PageError(409, `The integration has ${MOST_LINKS} setup links`, {
    unchanged: 'No link was created.',
    advice: 'Revoke one that nobody needs any more on the page of the integration.',
  });
}

function inFrame(
  c: ConsoleRequest,
  { integration, href }: IntegrationTarget,
  content: Parameters<typeof show>[2],
): Promise<Response> {
  const tenant = c.get('tenant');
  return show(
    c,
    {
      title: 'Setup link',
      section: 'provisioning',
      crumbs: [
        { title: 'Provisioning', href: tenantHref(tenant.name, 'provisioning') },
        { title: titleOf(integration), href },
      ],
      address: c.req.method === 'POST' ? href : undefined,
    },
    content,
  );
}
