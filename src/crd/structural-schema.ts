/** Converts zod to the structural OpenAPI v3 schema that a CustomResourceDefinition requires. */
import * as z from 'zod';
import type { YamlValue } from './yaml.ts';

/** Plain data, because it comes from JSON. */
type JsonSchema = Record<string, YamlValue>;

/** Formats that the API server knows and checks. It warns about others. */
const FORMATS = new Set(['date-time', 'int64']);

export function structuralSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => adapt(jsonSchema as JsonSchema),
  }) as JsonSchema;
}

function adapt(schema: JsonSchema): void {
  // zod bounds every integer by what a double holds exactly.
  if (schema.type === 'integer') {
    schema.format = 'int64';
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  }
  if (typeof schema.format === 'string' && !FORMATS.has(schema.format)) delete schema.format;
  // The API server prunes unknown fields, and a schema must not say so itself. In a map, this is
  // the schema of the values.
  if (typeof schema.additionalProperties !== 'object') delete schema.additionalProperties;
  delete schema.propertyNames;
  delete schema.$schema;
}
