/** The form that creates an integration. */
import { SCIM_INTEGRATIONS } from '../../crd/names.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { ApiError, isAlreadyExists, isDeclined } from '../../kube/errors.ts';
import type { ConsoleContext, ConsoleRequest } from '../context.ts';
import { CONSOLE_FIELD_MANAGER } from '../field-manager.ts';
import { CsrfField, Field, fieldAttributes } from '../frame/forms.tsx';
import { show } from '../frame/page.tsx';
import { notThere } from '../frame/page-error.ts';
import { Card, Notice } from '../frame/pieces.tsx';
import { tenantHref } from '../hrefs.ts';
import { about, recordAction } from '../record-action.ts';
import { showIntegration } from './integration.tsx';
import {
  EMPTY_INPUT,
  type Faults,
  faultsIn,
  type Input,
  inputOf,
  objectOf,
} from './new-integration.ts';
import { PROVIDERS } from './providers.ts';
import { awaitToken, revealOnce } from './token.ts';

export async function showNew(c: ConsoleRequest): Promise<Response> {
  const namespaces = await c.get('tenant').require('create', 'scimintegrations');
  return form(c, namespaces, { ...EMPTY_INPUT, namespace: namespaces[0] ?? '' }, {});
}

export async function createIntegration(
  context: ConsoleContext,
  c: ConsoleRequest,
): Promise<Response> {
  const tenant = c.get('tenant');
  const namespaces = await tenant.require('create', 'scimintegrations');
  const input = inputOf(c.get('form'));
  if (!namespaces.includes(input.namespace)) throw notThere();
  const faults = faultsIn(input, tenant.name);
  if (Object.keys(faults).length > 0) return form(c, namespaces, input, faults);
  const desired = objectOf(input, tenant.name);
  let created: KubeIntegration;
  try {
    created = await context.client.create<KubeIntegration>(
      SCIM_INTEGRATIONS,
      desired as KubeIntegration,
      CONSOLE_FIELD_MANAGER,
    );
  } catch (error) {
    if (isAlreadyExists(error)) {
      const { namespace, name } = desired.metadata;
      const taken = `The namespace ${namespace} already has the integration ${name}.`;
      const resourceName = `${taken} Choose another name.`;
      return form(c, namespaces, input, { resourceName });
    }
    if (!isDeclined(error)) throw error;
    return form(c, namespaces, input, { form: wordsOf(error) });
  }
  const { namespace, name } = created.metadata;
  await recordAction(context, c, {
    ...about('ScimIntegration', created),
    operation: 'create',
    change: { identityProvider: { after: input.identityProvider } },
    action: 'Create',
    note: 'created the integration in the console',
  });
  const ready = await awaitToken(context, created, undefined);
  // Showing a token is a permission of its own.
  const token = (await tenant.mayIn(namespace, 'patch', 'scimintegrations', name))
    ? await revealOnce(context, ready)
    : undefined;
  return showIntegration(context, c, ready, { token, done: 'created' });
}

const wordsOf = (error: unknown): string =>
  error instanceof ApiError ? (error.refusedBy ?? error.message) : String(error);

function form(
  c: ConsoleRequest,
  namespaces: readonly string[],
  input: Input,
  faults: Faults,
): Promise<Response> {
  const tenant = c.get('tenant');
  const list = tenantHref(tenant.name, 'provisioning');
  const isFaulty = Object.keys(faults).length > 0;
  return show(
    c,
    {
      title: 'Create an integration',
      section: 'provisioning',
      crumbs: [{ title: 'Provisioning', href: list }],
      status: isFaulty ? 422 : 200,
    },
    <>
      {isFaulty && (
        <Notice tone="bad" title="The integration was not created">
          <p>{faults.form ?? 'Correct the marked fields. What you entered is kept.'}</p>
        </Notice>
      )}
      <Card title="Integration">
        <form method="post" action={tenantHref(tenant.name, 'provisioning', 'new')}>
          <CsrfField session={c.get('visit').session} />
          <Field id="name" label="Name" error={faults.name} hint={HINTS.name}>
            <input
              {...fieldAttributes({ id: 'name', error: faults.name, hint: HINTS.name })}
              name="name"
              value={input.name}
              required
              maxlength={128}
              autocomplete="off"
            />
          </Field>
          <Field id="description" label="Description (optional)" error={faults.description}>
            <textarea
              {...fieldAttributes({ id: 'description', error: faults.description })}
              name="description"
              rows={2}
              maxlength={1024}
            >
              {input.description}
            </textarea>
          </Field>
          <Field id="type" label="Type">
            <select {...fieldAttributes({ id: 'type' })} name="type">
              <option value="SCIM2">SCIM 2.0</option>
            </select>
          </Field>
          <Field
            id="identityProvider"
            label="Identity provider"
            error={faults.identityProvider}
            hint={HINTS.identityProvider}
          >
            <select
              {...fieldAttributes({
                id: 'identityProvider',
                error: faults.identityProvider,
                hint: HINTS.identityProvider,
              })}
              name="identityProvider"
            >
              {Object.entries(PROVIDERS).map(([kind, { name }]) => (
                <option value={kind} selected={kind === input.identityProvider}>
                  {name}
                </option>
              ))}
            </select>
          </Field>
          <Placement namespaces={namespaces} input={input} faults={faults} />
          <div class="buttons">
            <button class="button primary" type="submit">
              Create
            </button>
            <a class="button" href={list}>
              Cancel
            </a>
          </div>
        </form>
      </Card>
    </>,
  );
}

const HINTS = {
  name: 'Such as “Company IdP”.',
  identityProvider: 'Decides which guide you see. The behaviour is the same for all.',
  resourceName: 'Lowercase letters, digits and dashes. By default, it is derived from the name.',
};

interface PlacementProps {
  readonly namespaces: readonly string[];
  readonly input: Input;
  readonly faults: Faults;
}

/** Where the ScimIntegration is, for those who know it from kubectl. */
const Placement = ({ namespaces, input, faults }: PlacementProps) => (
  <>
    {namespaces.length === 1 ? (
      <input type="hidden" name="namespace" value={namespaces[0]} />
    ) : (
      <Field id="namespace" label="Namespace">
        <select {...fieldAttributes({ id: 'namespace' })} name="namespace">
          {namespaces.map((each) => (
            <option value={each} selected={each === input.namespace}>
              {each}
            </option>
          ))}
        </select>
      </Field>
    )}
    <Field
      id="resourceName"
      label="Name of the resource (optional)"
      error={faults.resourceName}
      hint={HINTS.resourceName}
    >
      <input
        {...fieldAttributes({
          id: 'resourceName',
          error: faults.resourceName,
          hint: HINTS.resourceName,
        })}
        name="resourceName"
        value={input.resourceName}
        maxlength={52}
        autocomplete="off"
        spellcheck={false}
      />
    </Field>
  </>
);
