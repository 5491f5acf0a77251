/** The store contract on SQLite. */
import { useSqlite } from '../support/directory/sqlite.ts';
import { storeContract } from './store-contract.ts';

storeContract('SQLite', useSqlite);
