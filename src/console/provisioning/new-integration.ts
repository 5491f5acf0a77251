/** What was entered to create an integration, checked by the schema of the custom resource. */
import type * as z from 'zod';
import { DNS_LABEL, DNS_LABEL_MESSAGE } from '../../crd/rules.ts';
import { ScimIntegration, type ScimIntegrationSpec } from '../../crd/scim-integration.ts';
import { PROVIDERS } from './providers.ts';

export interface Input {
  readonly name: string;
  readonly description: string;
  readonly type: string;
  readonly identityProvider: string;
  readonly namespace: string;
  readonly resourceName: string;
}

export const EMPTY_INPUT: Input = {
  name: '',
  description: '',
  type: 'SCIM2',
  identityProvider: 'Okta',
  namespace: '',
  resourceName: '',
};

/** Sentences by field, and `form` for what belongs to no field. */
export type Faults = Partial<Record<keyof Input | 'form', string>>;

export function inputOf(form: URLSearchParams): Input {
  const field = (name: keyof Input) => (form.get(name) ?? '').trim();
  return {
    name: field('name'),
    description: field('description').replaceAll('\r\n', '\n'),
    type: field('type'),
    identityProvider: field('identityProvider'),
    namespace: field('namespace'),
    resourceName: field('resourceName'),
  };
}

/** The part of a ScimIntegration that the form decides. */
export function objectOf(input: Input, tenant: string) {
  const { name, description, identityProvider, namespace } = input;
  const resourceName = resourceNameOf(input);
  return {
    metadata: { namespace, name: resourceName },
    spec: {
      ...(name === resourceName ? {} : { displayName: name }),
      ...(description === '' ? {} : { description }),
      type: input.type as ScimIntegrationSpec['type'],
      identityProvider: identityProvider as ScimIntegrationSpec['identityProvider'],
      ...(tenant === namespace ? {} : { tenant }),
    },
  };
}

const MAX_RESOURCE_NAME = 52;

/** “Ünser IdP (Okta)” becomes `unser-idp-okta`. */
function resourceNameOf({ name, resourceName }: Input): string {
  if (resourceName !== '') return resourceName;
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_RESOURCE_NAME)
    .replaceAll(/^-+|-+$/g, '');
}

/** Empty if the object can be sent to the API server, which checks it again. */
export function faultsIn(input: Input, tenant: string): Faults {
  if (input.name === '') return { name: 'Enter a name.' };
  const object = objectOf(input, tenant);
  const faults: { -readonly [K in keyof Faults]: Faults[K] } = {};
  for (const issue of ScimIntegration.safeParse(object).error?.issues ?? []) {
    faults[FIELDS[issue.path.join('.')] ?? 'form'] ??= wordsFor(issue);
  }
  const { name } = object.metadata;
  if (name === '') faults.resourceName ??= 'Enter a name of ASCII letters, digits and dashes.';
  else if (!new RegExp(DNS_LABEL).test(name)) {
    faults.resourceName ??= `The name ${DNS_LABEL_MESSAGE}.`;
  }
  return faults;
}

/** The fields of the form by their paths in the object. */
const FIELDS: Readonly<Record<string, keyof Input>> = {
  'metadata.name': 'resourceName',
  'spec.displayName': 'name',
  'spec.description': 'description',
  'spec.type': 'type',
  'spec.identityProvider': 'identityProvider',
};

function wordsFor(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_big') return `Shorten it to ${issue.maximum} characters.`;
  if (issue.code === 'invalid_value') {
    return `Choose one of ${Object.values(PROVIDERS)
      .map(({ name }) => name)
      .join(', ')}.`;
  }
  return issue.message;
}
