/** The identity providers that the probe can play. */
import type { Sequence } from './sequence.ts';
import authentik from './sequences/authentik.json' with { type: 'json' };
import entra from './sequences/entra.json' with { type: 'json' };
import keycloak from './sequences/keycloak.json' with { type: 'json' };
import okta from './sequences/okta.json' with { type: 'json' };

export const IDPS = ['okta', 'entra', 'authentik', 'keycloak'] as const;
export type Idp = (typeof IDPS)[number];

export const SEQUENCES: Readonly<Record<Idp, Sequence>> = { okta, entra, authentik, keycloak };
