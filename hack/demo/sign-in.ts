/** Sign-in at the demo: an identity provider, and what the operator has to know about it. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import {
  type Account,
  type IdentityProvider,
  startIdentityProvider,
} from '../identity-provider/start.ts';
import { VIEWER_ROLE } from '../operator/install.ts';
import type { DemoOptions } from './environment.ts';
import { EXAMPLE_NAMESPACE } from './examples.ts';
import { ENTRA, OKTA } from './syncs.ts';

/** In addresses, such as `/oauth/callback/demo`. */
const PROVIDER = 'demo';
const DISPLAY_NAME = 'Demo IdP';

/** Whom no sync provisions. */
const STRANGER = 'alan@acme.example';

interface DemoSignIn {
  /** For `--sso-config`. */
  readonly configFile: string;
  readonly provider: IdentityProvider;
}

/** `publicUrl` is that of the operator, and `tenant` the one whose people sign in. */
export async function startSignIn(
  folder: string,
  publicUrl: string,
  tenant: string,
): Promise<DemoSignIn> {
  const secret = randomBytes(24).toString('base64url');
  const base = publicUrl.replace(/\/+$/, '');
  const provider = await startIdentityProvider({
    accounts: [...provisionedAccounts(), accountOf(STRANGER)],
    clients: [
      {
        id: PROVIDER,
        secret,
        redirectUris: [`${base}/oauth/callback/${PROVIDER}`],
        postLogoutRedirectUris: [`${base}/logout`],
        backchannelLogoutUri: `${base}/oauth/backchannel-logout/${PROVIDER}`,
      },
    ],
  });
  const secretFile = resolve(folder, 'sso-client-secret');
  const configFile = resolve(folder, 'sso.yaml');
  const config = {
    providers: [
      {
        name: PROVIDER,
        displayName: DISPLAY_NAME,
        issuer: provider.issuer,
        clientId: PROVIDER,
        clientSecretFile: secretFile,
        tenants: [tenant],
        defaultRole: VIEWER_ROLE,
      },
    ],
  };
  writeFileSync(secretFile, secret, { mode: 0o600 });
  writeFileSync(configFile, stringify(config), { mode: 0o600 });
  return { configFile, provider };
}

export function printConsole(
  { publicUrl }: DemoOptions,
  envFile: string,
  signIn: DemoSignIn | undefined,
  say: (line: string) => void,
): void {
  const [user] = provisionedAccounts();
  const lines = [
    '',
    `Open the console: ${publicUrl.replace(/\/+$/, '')}/console`,
    `  Administrator  of ${EXAMPLE_NAMESPACE}, who signs in with a Kubernetes token: source ${envFile}; echo $ADMIN_TOKEN`,
  ];
  if (signIn !== undefined) {
    lines.push(
      `  User           sign in at ${DISPLAY_NAME} as ${user?.login}, password ${signIn.provider.password}`,
      `                 ${STRANGER} has the same password, but was never provisioned`,
    );
  }
  for (const line of lines) say(line);
}

/** Everybody whom the syncs provision, by the userName that they send. */
function provisionedAccounts(): readonly Account[] {
  return [OKTA, ENTRA].flatMap(({ steps }) =>
    steps
      .filter(({ request }) => request.method === 'POST' && request.path === '/Users')
      .map(({ request }) => accountOf(String(Object(request.body).userName))),
  );
}

const accountOf = (userName: string): Account => ({
  login: userName,
  claims: {
    sub: `demo-${userName}`,
    preferred_username: userName,
    email: userName,
    email_verified: true,
  },
});
