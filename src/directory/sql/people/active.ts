/** Whether a user is active, as SQL: a user without the attribute isn't. */
import { type SQL, sql } from 'drizzle-orm';
import type { Expression } from '../conditions.ts';

/** JSON's true is 1 on SQLite. */
export const isActive = (attributes: Expression): SQL =>
  sql`(COALESCE(CAST(${attributes} ->> 'active' AS TEXT), '') IN ('1', 'true'))`;
