/**
 * What can be done with an integration: switch it on and off, rotate or show
 * its token, remove it.
 */
import { deletionPolicyOf, isEnabled, overlapOf } from '../../crd/defaults.ts';
import { ANNOTATION_ROTATE, SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { CONSOLE_FIELD_MANAGER } from '../field-manager.ts';
import { Confirm, Field, fieldAttributes } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { PageError } from '../frame/page-error.ts';
import { Time } from '../frame/time.tsx';
import { countOf, spanInWords } from '../frame/words.ts';
import { tenantHref, withQuery } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { Declared, declarersOf } from './declared.tsx';
import { showIntegration } from './integration.tsx';
import type { IntegrationTarget } from './page-data.ts';
import { readKnown, titleOf } from './read.ts';
import { awaitToken, isGenerated, revealOnce } from './token.ts';

const patch = (
  { client }: ConsoleContext,
  { metadata }: KubeIntegration,
  change: { metadata?: object; spec?: object },
): Promise<KubeIntegration> => {
  const { namespace, name, uid } = metadata;
  // With its uid, no other integration that got the name meanwhile is changed.
  const body = { ...change, metadata: { ...change.metadata, uid } };
  return client.mergePatch(SCIM_INTEGRATIONS, { namespace, name }, body, {
    fieldManager: CONSOLE_FIELD_MANAGER,
  });
};

export async function setEnabled(
  context: ConsoleContext,
  c: ConsoleRequest,
  { integration, href }: IntegrationTarget,
  enabled: boolean,
): Promise<Response> {
  const before = isEnabled(integration);
  const patched = await patch(context, integration, { spec: { enabled } });
  await recordAction(context, c, {
    ...about('ScimIntegration', patched),
    operation: enabled ? 'enable' : 'disable',
    action: enabled ? 'Enable' : 'Disable',
    note: `${enabled ? 'enabled' : 'disabled'} the integration in the console`,
    change: { enabled: { before, after: enabled } },
  });
  return c.redirect(withQuery(href, { done: enabled ? 'enabled' : 'disabled' }), 303);
}

export function confirmDisable(c: ConsoleRequest, target: IntegrationTarget): Promise<Response> {
  const declarers = declarersOf(target.integration);
  return confirm(c, target, {
    title: `Disable ${titleOf(target.integration)}?`,
    action: 'disable',
    button: 'Disable',
    ends: [
      'Within a second, every request of the identity provider is refused with 403.',
      ...(declarers.length > 0 ? [<Declared by={declarers} />] : []),
    ],
    stays: [
      'The endpoint, the token, and all users and groups.',
      'The sessions of users, and the roles of groups.',
    ],
  });
}

export function confirmRotate(c: ConsoleRequest, target: IntegrationTarget): Promise<Response> {
  checkGenerated(target.integration);
  const { previousTokenExpiresAt } = target.integration.status ?? {};
  return confirm(c, target, {
    title: `Rotate the token of ${titleOf(target.integration)}?`,
    action: 'rotate',
    button: 'Rotate token',
    ends: [
      `The current token keeps working for ${spanInWords(overlapOf(target.integration))}. Enter the ` +
        'new one at the identity provider before that.',
      ...(previousTokenExpiresAt === undefined
        ? []
        : [
            <>
              The previous token, which would end{' '}
              <Time at={Date.parse(previousTokenExpiresAt)} now={c.get('now')} />, ends at once.
            </>,
          ]),
    ],
    stays: ['The endpoint, and all users and groups.'],
  });
}

export async function rotateToken(
  context: ConsoleContext,
  c: ConsoleRequest,
  { integration, href }: IntegrationTarget,
): Promise<Response> {
  checkGenerated(integration);
  const value = new Date(c.get('now')).toISOString();
  const annotations = { [ANNOTATION_ROTATE]: value };
  const patched = await patch(context, integration, { metadata: { annotations } });
  await recordAction(context, c, {
    ...about('ScimIntegration', patched),
    operation: 'rotate',
    action: 'RotateToken',
    note: 'rotated the token in the console',
  });
  const ready = await awaitToken(context, patched, integration.status?.tokenKeyId);
  const token = await revealOnce(context, ready);
  if (token === undefined) return c.redirect(withQuery(href, { done: 'rotating' }), 303);
  return showIntegration(context, c, ready, { token, done: 'rotated' });
}

/** Shows the current token if nobody has seen it in the console. */
export async function showToken(
  context: ConsoleContext,
  c: ConsoleRequest,
  { integration }: IntegrationTarget,
): Promise<Response> {
  const token = await revealOnce(context, integration);
  if (token === undefined) {
    throw new PageError(409, "The token can't be shown", {
      unchanged: 'Nothing was changed. The token works as before.',
      advice: 'It was shown before, or is not ready. Rotate it if nobody knows it any more.',
    });
  }
  await recordAction(context, c, {
    ...about('ScimIntegration', integration),
    operation: 'showToken',
    action: 'ShowToken',
    note: 'was shown the token in the console',
  });
  return showIntegration(context, c, integration, { token });
}

export async function confirmRemove(
  context: ConsoleContext,
  c: ConsoleRequest,
  target: IntegrationTarget,
  error?: string,
): Promise<Response> {
  const { integration } = target;
  const { name } = integration.metadata;
  const { users = 0, groups = 0 } = (await readKnown(context, integration))?.activity ?? {};
  const provisioned = `${countOf(users, 'user')} and ${countOf(groups, 'group')}`;
  const isRetained = deletionPolicyOf(integration) === 'Retain';
  const hint = (
    <>
      Enter <code>{name}</code> to confirm.
    </>
  );
  return confirm(
    c,
    target,
    {
      title: `Remove ${titleOf(integration)}?`,
      action: 'remove',
      button: 'Remove',
      status: error === undefined ? 200 : 422,
      ends: [
        "The endpoint and its tokens end at once and can't be restored.",
        ...(isRetained
          ? []
          : [`Of its ${provisioned}, those that no other integration provisioned are removed.`]),
      ],
      stays: isRetained
        ? [
            `The ${provisioned} that it provisioned, and the roles of the groups.`,
            'What it did, in the activity log.',
          ]
        : ['What other integrations provisioned.', 'What it did, in the activity log.'],
    },
    <Field id="confirmation" label="Name of the resource" hint={hint} error={error}>
      <input
        {...fieldAttributes({ id: 'confirmation', hint, error })}
        name="confirmation"
        required
        autocomplete="off"
        spellcheck={false}
      />
    </Field>,
  );
}

export async function remove(
  context: ConsoleContext,
  c: ConsoleRequest,
  target: IntegrationTarget,
): Promise<Response> {
  const { namespace, name, uid } = target.integration.metadata;
  if ((c.get('form').get('confirmation') ?? '').trim() !== name) {
    return confirmRemove(context, c, target, `This is not ${name}. Nothing was removed.`);
  }
  await context.client.delete(SCIM_INTEGRATIONS, { namespace, name }, uid);
  await recordAction(context, c, {
    ...about('ScimIntegration', target.integration),
    operation: 'delete',
    action: 'Remove',
    note: 'removed the integration in the console',
  });
  const list = tenantHref(c.get('tenant').name, 'provisioning');
  return c.redirect(withQuery(list, { done: 'removed' }), 303);
}

function checkGenerated(integration: KubeIntegration): void {
  if (isGenerated(integration)) return;
  throw new PageError(409, 'You maintain this token yourself', {
    unchanged: 'Nothing was changed.',
    advice: 'Write another token into the Secret that spec.token.existingSecret names.',
  });
}

interface Question {
  readonly title: string;
  readonly action: string;
  readonly button: string;
  readonly status?: number;
  readonly ends: Parameters<typeof Confirm>[0]['ends'];
  readonly stays: Parameters<typeof Confirm>[0]['stays'];
}

function confirm(
  c: ConsoleRequest,
  { integration, href }: IntegrationTarget,
  { title, action, status = 200, ...question }: Question,
  fields?: Parameters<typeof Confirm>[0]['children'],
): Promise<Response> {
  const tenant = c.get('tenant');
  return show(
    c,
    {
      title,
      status,
      section: 'provisioning',
      crumbs: [
        { title: 'Provisioning', href: tenantHref(tenant.name, 'provisioning') },
        { title: titleOf(integration), href },
      ],
    },
    <Confirm
      session={c.get('visit').session}
      action={`${href}/${action}`}
      back={href}
      {...question}
    >
      {fields}
    </Confirm>,
  );
}
