/** The connection class of the driver, adapted to a directory. */
import pg from 'pg';
import type { PostgresAddress } from './address.ts';
import { qualifier } from './qualified.ts';

/**
 * Returns a class of connections to the address. If a schema is given, every statement names it. A
 * search path wouldn't do: it belongs to the session, which poolers share, and a schema that is
 * created later may come first on it.
 */
export function clientTo(address: PostgresAddress, schema?: string): typeof pg.Client {
  const qualified = schema === undefined ? undefined : qualifier(schema);
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      const settings = address.settings();
      super({ ...(typeof config === 'object' ? config : {}), ...settings });
      ignoreEnvironment(this, settings);
      const encrypts = settings.ssl !== false;
      this.connect = watched(this, (error) => address.failed(error, encrypts));
      if (qualified !== undefined) this.query = rewritten(this, qualified);
    }
  };
}

/** The driver takes settings that it isn't given from PGOPTIONS and similar variables. */
function ignoreEnvironment(client: pg.Client, { options }: pg.ClientConfig): void {
  const { connectionParameters } = client as unknown as { connectionParameters: object };
  Object.assign(connectionParameters, { options, replication: undefined });
}

type Connected = (error: Error) => void;

function watched(client: pg.Client, failed: (error: unknown) => void): pg.Client['connect'] {
  const connect = client.connect.bind(client);
  const watching = (done?: Connected) => {
    if (done !== undefined) {
      return connect((error: Error) => {
        if (error) failed(error);
        done(error);
      });
    }
    return connect().catch((error: unknown) => {
      failed(error);
      throw error;
    });
  };
  return watching as pg.Client['connect'];
}

function rewritten(client: pg.Client, qualified: (text: string) => string): pg.Client['query'] {
  const query = (statement: string | pg.QueryConfig, ...rest: unknown[]) => {
    const qualifiedStatement =
      typeof statement === 'string'
        ? qualified(statement)
        : { ...statement, text: qualified(statement.text) };
    return Reflect.apply(pg.Client.prototype.query, client, [qualifiedStatement, ...rest]);
  };
  return query as pg.Client['query'];
}
