/** The names of the chart's values. */
import { readFileSync } from 'node:fs';
import { matchSchema, providerSchema } from '../../../src/sso/config/schema.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

const schema: Schema = JSON.parse(readFileSync('charts/scim-operator/values.schema.json', 'utf8'));

/** The values at the top level. */
export const VALUE_NAMES: ReadonlySet<string> = new Set(Object.keys(schema.properties ?? {}));

/** The content of the file of --sso-config, whose fields the chart leaves to the program. */
const SSO_PATHS = [
  'providers',
  ...Object.keys(providerSchema.shape).map((name) => `providers.${name}`),
  ...Object.keys(matchSchema.shape).map((name) => `providers.match.${name}`),
].map((path) => `sso.config.${path}`);

/** The paths of all values, such as `database.existingSecret.name`. */
export const VALUE_PATHS: ReadonlySet<string> = new Set([...pathsOf(schema, ''), ...SSO_PATHS]);

function pathsOf({ properties = {} }: Schema, prefix: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, of]) => {
    const path = `${prefix}${name}`;
    return [path, ...pathsOf(of, `${path}.`)];
  });
}
