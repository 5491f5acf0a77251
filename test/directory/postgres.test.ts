/** The store contract on PostgreSQL. */
import { usePostgres } from '../support/directory/postgres.ts';
import { storeContract } from './store-contract.ts';

storeContract('PostgreSQL', usePostgres);
