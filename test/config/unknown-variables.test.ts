import { expect, it } from 'vitest';
import { ALL_OPTIONS } from '../../src/config/command-options.ts';
import { unknownVariables } from '../../src/config/unknown-variables.ts';

it.each([
  ['SCIM_OPERATOR_PUBLICURL', 'SCIM_OPERATOR_PUBLIC_URL'],
  ['SCIM_OPERATOR_LOGLEVEL', 'SCIM_OPERATOR_LOG_LEVEL'],
  ['SCIM_OPERATOR_WATCH_NAMESPACE', 'SCIM_OPERATOR_WATCH_NAMESPACES'],
  ['SCIM_OPERATOR_DATABSE_URL', 'SCIM_OPERATOR_DATABASE_URL'],
  ['SCIM_OPERATOR_OPSPORT', 'SCIM_OPERATOR_OPS_PORT'],
  ['SCIM_OPERATOR_public_url', 'SCIM_OPERATOR_PUBLIC_URL'],
])('%s is unknown, and %s is the nearest', (variable, nearest) => {
  expect(unknownVariables({ [variable]: 'x' })).toEqual([{ variable, nearest }]);
});

it('no variable of an option is reported', () => {
  const set = Object.fromEntries(ALL_OPTIONS.map(({ variable }) => [variable, 'x']));
  expect(unknownVariables({ ...set, PATH: '/bin', SCIM_TOKEN: 'x' })).toEqual([]);
});

it('no variable that Kubernetes sets for a Service is reported', () => {
  const links = (name: string) => ({
    [`${name}_SERVICE_HOST`]: '10.0.0.7',
    [`${name}_SERVICE_PORT`]: '8080',
    [`${name}_SERVICE_PORT_HTTP_OPS`]: '9090',
    [`${name}_PORT`]: 'tcp://10.0.0.7:8080',
    [`${name}_PORT_8080_TCP`]: 'tcp://10.0.0.7:8080',
    [`${name}_PORT_8080_TCP_PROTO`]: 'tcp',
    [`${name}_PORT_8080_TCP_PORT`]: '8080',
    [`${name}_PORT_8080_TCP_ADDR`]: '10.0.0.7',
  });
  const environment = { ...links('SCIM_OPERATOR'), ...links('SCIM_OPERATOR_METRICS') };
  expect(unknownVariables(environment)).toEqual([]);
});
