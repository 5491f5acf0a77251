/** Why a database can't be used. */

/**
 * Retrying can't help: the file is another program's, or of another version. The message completes
 * "the database …: ".
 */
export class DatabaseRefusedError extends Error {
  override readonly name = 'DatabaseRefusedError';
}

/**
 * The schema is older than this version, or empty, and this role may not change that: to be waited
 * for.
 */
export class DatabaseNotMigratedError extends Error {
  override readonly name = 'DatabaseNotMigratedError';

  constructor(schema: string) {
    super(
      `the schema ${schema} lacks tables of this version, and this role may not create them ` +
        'there; run scim-operator migrate as the role that owns the schema',
    );
  }
}
