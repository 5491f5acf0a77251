/** The file of `--sso-config`: the identity providers at which users sign in. */
import { isMap, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { isEveryTenant, type Match, PRESETS, type ProviderType, typeNamed } from './presets.ts';
import { matchSchema, providerSchema, ssoSchema } from './schema.ts';

/** The file can't be used. The message is one line that names the field and what it may contain. */
export class SsoConfigError extends Error {
  override readonly name = 'SsoConfigError';
}

/** A provider with its defaults. */
export interface ProviderConfig {
  readonly name: string;
  readonly type: ProviderType;
  readonly displayName: string;
  /** Exactly as the provider's discovery document spells it. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecretFile: string;
  readonly scopes: readonly string[];
  /** Nobody is signed in to another tenant. */
  readonly tenants: readonly string[];
  readonly match: Match;
  /** A ClusterRole that everybody who signs in has in the tenant's namespaces. */
  readonly defaultRole: string | undefined;
}

/** Throws SsoConfigError. */
export function parseSsoConfig(source: string): readonly ProviderConfig[] {
  const document = readYaml(source);
  const parsed = ssoSchema.safeParse(document);
  if (!parsed.success) throw new SsoConfigError(inWords(parsed.error, document));
  const providers = parsed.data.providers.map(withDefaults);
  for (const [index, { name, issuer, type }] of providers.entries()) {
    const where = `providers[${index}]`;
    if (providers.findIndex((other) => other.name === name) !== index)
      throw new SsoConfigError(
        `${where}.name: "${name}" is not allowed; it must be unique, and another provider has it`,
      );
    if (name === 'kubernetes')
      throw new SsoConfigError(
        `${where}.name: "kubernetes" is not allowed, because sign-in with a token has this name`,
      );
    if (isEveryTenant(new URL(issuer), type))
      throw new SsoConfigError(
        `${where}.issuer: "${issuer}" is not allowed, because users of every Entra tenant could ` +
          'sign in; it must name your tenant: https://login.microsoftonline.com/TENANT-ID/v2.0',
      );
  }
  return providers;
}

function withDefaults(given: z.infer<typeof providerSchema>): ProviderConfig {
  const type = given.type ?? typeNamed(given.name);
  const preset = PRESETS[type];
  return {
    name: given.name,
    type,
    displayName: given.displayName ?? preset.displayName ?? given.name,
    issuer: given.issuer,
    clientId: given.clientId,
    clientSecretFile: given.clientSecretFile,
    scopes: given.scopes ?? ['openid', 'profile', 'email'],
    tenants: [...new Set(given.tenants)],
    match: given.match ?? preset.match,
    defaultRole: given.defaultRole,
  };
}

function readYaml(source: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(source, { lineCounter, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const [reason = ''] = error.message.split('\n');
    throw new SsoConfigError(`line ${line}, column ${col} is not valid YAML: ${reason}`);
  }
  if (!isMap(document.contents))
    throw new SsoConfigError('the file must contain an object with the field providers');
  // An alias can make a small file very large, and none is needed here.
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new SsoConfigError('aliases are not allowed; write the value at each place');
  }
}

/** One line about the first problem. */
function inWords({ issues }: z.ZodError, document: unknown): string {
  // A misspelt field is missing as well, which would be the more puzzling message.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) return 'it is not allowed';
  const where = issue.path.reduce<string>(
    (path, key) =>
      typeof key === 'number' ? `${path}[${key}]` : `${path}${path && '.'}${String(key)}`,
    '',
  );
  const prefix = where === '' ? '' : `${where}: `;
  if (issue.code === 'unrecognized_keys')
    return `${prefix}the field "${issue.keys[0]}" is unknown; the fields are ${fieldsAt(issue.path)}`;
  const value = issue.path.reduce(valueAt, document);
  if (value === undefined) return `${where} is missing; it must be ${issue.message}`;
  return `${prefix}${shown(issue.path, value)} is not allowed; it must be ${issue.message}`;
}

const fieldsAt = (path: readonly PropertyKey[]): string => {
  const { shape } = path.includes('match')
    ? matchSchema
    : path.length === 0
      ? ssoSchema
      : providerSchema;
  return Object.keys(shape).join(', ');
};

const valueAt = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? Reflect.get(value, key)
    : undefined;

const MOST_SHOWN = 100;

/** A secret may be where the path of its file or a URL belongs. */
function shown(path: readonly PropertyKey[], value: unknown): string {
  const mayBeSecret = path.at(-1) === 'clientSecretFile' || /@/.test(String(value));
  const json = JSON.stringify(value);
  return mayBeSecret || json.length > MOST_SHOWN ? 'the value' : json;
}
