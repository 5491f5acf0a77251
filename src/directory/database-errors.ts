/** Reasons why a database can't be used. */

/**
 * Retrying can't help, for example because the file belongs to another program or version. The
 * message completes "the database …: ".
 */
export class DatabaseRefusedError extends Error {
  override readonly name = 'DatabaseRefusedError';
}

/** The file that a transfer reads from has lost a part or was changed by something else. */
export class DamagedSourceError extends DatabaseRefusedError {
  constructor(cause: unknown) {
    super('the file is damaged or incomplete; copy it again, or use an older backup');
    this.cause = cause;
  }
}

/** There is no space for a write. Whoever opened the directory is told when that begins and ends. */
export class DatabaseFullError extends Error {
  override readonly name = 'DatabaseFullError';
}

/** Another session held a lock for too long. Nothing was written, and the database is there. */
export class LockTimeoutError extends Error {
  override readonly name = 'LockTimeoutError';

  constructor() {
    super('another session held a lock for too long');
  }
}

/** The schema is empty or older than this version, and this role may not change it. Retry later. */
export class DatabaseNotMigratedError extends Error {
  override readonly name = 'DatabaseNotMigratedError';

  constructor(schema: string) {
    super(
      `the schema ${schema} lacks tables of this version, and this role may not create them ` +
        'there; run scim-operator migrate as the role that owns the schema',
    );
  }
}
