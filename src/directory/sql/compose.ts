/**
 * Composes the text and the parameters of a statement. Drizzle's own composition takes a quarter of
 * the time of a filter, and nearly all statements consist of text and parameters alone.
 */
import { Param, type Query, SQL, StringChunk } from 'drizzle-orm';
import { type Compose, Slot } from './template.ts';

/** Composes a statement; `placeholder` writes the parameter at a position, counted from 1. */
export function composer(
  dialect: { sqlToQuery(statement: SQL): Query },
  placeholder: (position: number) => string,
): Compose {
  return (statement) => {
    const query: Query = { sql: '', params: [] };
    return append(query, statement, placeholder) ? query : dialect.sqlToQuery(statement);
  };
}

/** False for a part that only Drizzle can write. */
function append(
  query: Query,
  { queryChunks }: SQL,
  placeholder: (position: number) => string,
): boolean {
  for (const chunk of queryChunks) {
    if (chunk instanceof StringChunk) {
      for (const text of chunk.value) query.sql += text;
    } else if (chunk instanceof SQL) {
      if (!append(query, chunk, placeholder)) return false;
    } else {
      const value = parameterOf(chunk);
      if (value === undefined) return false;
      query.sql += placeholder(query.params.push(value));
    }
  }
  return true;
}

function parameterOf(chunk: unknown): unknown {
  if (chunk instanceof Slot) return chunk;
  if (chunk instanceof Param) return chunk.encoder.mapToDriverValue(chunk.value);
  return typeof chunk === 'object' && chunk !== null ? undefined : chunk;
}
