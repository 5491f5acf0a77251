/** The metrics of sign-in. */
import { Counter, Gauge, type Registry } from 'prom-client';

export type SignInCounter = Counter<'provider' | 'result'>;

export const createSignInCounter = (registry: Registry): SignInCounter =>
  new Counter({
    name: 'scim_operator_sign_ins_total',
    help:
      'Sign-ins to the console. The provider is kubernetes for a token. The result is success or ' +
      'the reason of the refusal.',
    labelNames: ['provider', 'result'],
    registers: [registry],
  });

export const createSsoConfigGauge = (registry: Registry): Gauge =>
  new Gauge({
    name: 'scim_operator_sso_config_valid',
    help:
      '1 if the file of --sso-config is in use as it is; 0 if it is not valid and an earlier ' +
      'version of it is in use. Present only with --sso-config.',
    registers: [registry],
  });
