/** The store contract on PostgreSQL. */
import { usePostgres } from '../support/postgres.ts';
import { storeContract } from './store-contract.ts';

storeContract('PostgreSQL', usePostgres);
