/** What a PostgreSQL URL means, and which URLs are refused. */
import { userInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DatabaseRefusedError } from '../../../../src/directory/database-errors.ts';
import { parsePostgresUrl } from '../../../../src/directory/postgres/connection/url.ts';

const refusal = (url: string): string => {
  try {
    parsePostgresUrl(url);
  } catch (error) {
    if (error instanceof DatabaseRefusedError) return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('a PostgreSQL URL', () => {
  it.each([
    ['postgres://scim:p%40ss@db:6432/scim', { user: 'scim', password: 'p@ss', port: 6432 }],
    ['postgresql://db/scim', { host: 'db', port: 5432, user: userInfo().username }],
    ['postgres://db/scim', { password: undefined, schema: undefined, options: undefined }],
    ['postgres://[::1]/scim', { host: '::1' }],
    ['postgres:///scim?host=/run/postgresql', { host: '/run/postgresql', database: 'scim' }],
    ['postgres://scim:p@/scim?host=/run/pg', { host: '/run/pg', user: 'scim', password: 'p' }],
    ['postgres://%2Frun%2Fpostgresql/scim', { host: '/run/postgresql' }],
    ['postgres:///scim', { host: 'localhost' }],
    ['postgres://a:b@db/scim?user=scim&password=a+b%26c', { user: 'scim', password: 'a+b&c' }],
    ['postgres://db/scim?schema=S%209', { schema: 'S 9' }],
    ['postgres://db/scim?options=-c%20search_path%3Ds9', { options: '-c search_path=s9' }],
  ])('%s is read as libpq reads it', (url, expected) => {
    expect(parsePostgresUrl(url)).toMatchObject(expected);
  });

  it.each([
    ['', 'prefer'],
    ['sslmode=verify-ca&sslrootcert=ca.crt', 'verify-ca'],
    ['sslrootcert=ca.crt', 'prefer'],
    ['sslrootcert=system', 'verify-full'],
    ['ssl=true', 'require'],
    ['ssl=true&sslmode=verify-full', 'verify-full'],
    ['host=/run/postgresql&sslmode=require', 'disable'],
  ])('with "%s" has the sslmode %s', (query, mode) => {
    expect(parsePostgresUrl(`postgres://db/scim?${query}`).tls.mode).toBe(mode);
  });

  it.each([
    ['', false],
    ['pooler_prepared_statements=false', false],
    ['pooler_prepared_statements=true', true],
  ])('with "%s" relies on the pooler for prepared statements: %s', (query, expected) => {
    expect(parsePostgresUrl(`postgres://db/scim?${query}`).poolerPrepares).toBe(expected);
  });

  const MODES = 'one of disable, allow, prefer, require, verify-ca, verify-full';
  it.each([
    ['sslmode=foo', `sslmode=foo is not allowed; it must be ${MODES}`],
    ['sslmode=Require', `sslmode=Require is not allowed; it must be ${MODES}`],
    ['sslmode=', `the value of sslmode is not allowed; it must be ${MODES}`],
    ['sslmode=no-verify', `sslmode=no-verify is not allowed; it must be ${MODES}`],
    ['ssl=1', 'ssl=1 is not allowed; it must be true'],
    [
      'pooler_prepared_statements=on',
      'pooler_prepared_statements=on is not allowed; it must be one of true, false',
    ],
    ['sslmode=verify-ca', 'sslmode=verify-ca needs sslrootcert'],
    ['sslmode=require&sslrootcert=system', 'sslmode=require is too weak for sslrootcert=system'],
    ['sslcert=a.crt', 'sslcert and sslkey must be set together'],
    ['sslnegotiation=direct', 'sslnegotiation=direct needs sslmode=require or more, not prefer'],
    ['sslmod=verify-full', 'the parameter sslmod is unknown; allowed are host, port'],
    ['uselibpqcompat=true', 'the parameter uselibpqcompat is unknown'],
    ['port=0', 'its port is not a number from 1 to 65535'],
    ['options', 'its query has a parameter without a value'],
    ['options=%zz', 'a % in it must be written as %25'],
    ['host=a,b', 'it names several hosts; name one'],
  ])('with "%s" is refused', (query, reason) => {
    expect(refusal(`postgres://db/scim?${query}`)).toContain(reason);
  });

  it.each([
    'postgres://scim:s3cr#t@db/scim',
    'postgres://scim:s3cr%t@db/scim',
    'postgres://scim:s3cr/t@db/scim',
    'postgres://scim:s3cr?t@db/scim',
    'postgres://scim:s3cr@t@db/scim?sslmode=foo',
    'postgres://scim@db/scim?password=p&s3cr=t',
    'postgres://scim@db/scim?password=p&s3cr',
    'postgres://scim@db/scim?s3cr!t=x',
    'postgres://scim@db/scim?sslmode=s3cr!t',
    'host=db password=s3cr',
  ])('that is refused shows nothing of its password: %s', (url) => {
    expect(refusal(url)).not.toMatch(/s3cr/);
  });
});
