/** What the demo prints at the end: the directory, and what to try next. */
import type { JsonObject } from '../../src/scim/json.ts';

type Say = (line?: string) => void;

interface Resource extends JsonObject {
  readonly userName: string;
  readonly displayName: string;
  readonly active: boolean;
  readonly members: readonly { readonly value: string }[];
  readonly groups: readonly { readonly display: string }[];
}

interface Access {
  readonly base: string;
  readonly token: string;
}

async function list({ base, token }: Access, path: string): Promise<readonly Resource[]> {
  const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${token}` } });
  if (!answer.ok) throw new Error(`GET ${path} returned ${answer.status}`);
  return ((await answer.json()) as { Resources: readonly Resource[] }).Resources;
}

/** Whether the directory contains no user and no group. */
export async function isEmpty(access: Access): Promise<boolean> {
  const resources = [await list(access, '/Users?count=1'), await list(access, '/Groups?count=1')];
  return resources.flat().length === 0;
}

export async function printDirectory(access: Access, say: Say): Promise<void> {
  const [users, groups] = [await list(access, '/Users'), await list(access, '/Groups')];
  say();
  say(
    users.length + groups.length === 0 ? 'The directory is empty.' : 'The directory now contains:',
  );
  for (const { userName, active, groups: of = [] } of users) {
    const membership = of.map(({ display }) => display).join(', ');
    say(`  user   ${userName.padEnd(26)} ${active ? 'active  ' : 'inactive'}  ${membership}`);
  }
  for (const { displayName, members = [] } of groups) {
    say(
      `  group  ${displayName.padEnd(26)} ${members.length} ${members.length === 1 ? 'member' : 'members'}`,
    );
  }
}

interface Place {
  readonly endpoint: string;
  readonly namespace: string;
  readonly name: string;
  readonly secretName: string;
  readonly envFile: string;
}

export function printNextSteps(
  { endpoint, namespace, name, secretName, envFile }: Place,
  say: Say,
): void {
  const integration = `scimint ${name} -n ${namespace}`;
  const lines = [
    '',
    'Enter these in your identity provider:',
    `  Base URL  ${endpoint}`,
    `  Token     kubectl get secret ${secretName} -n ${namespace} -o jsonpath='{.data.token}' | base64 -d`,
    '',
    'In another terminal:',
    `  source ${envFile}                    # KUBECONFIG, SCIM_BASE, SCIM_TOKEN, CONSOLE_URL, ADMIN_TOKEN and others`,
    '  kubectl get scimint -A              # USERS and GROUPS follow within two minutes',
    '  curl -s -H "Authorization: Bearer $SCIM_TOKEN" "$SCIM_BASE/Users"',
    `  node_modules/.bin/node src/cli.ts activity --tenant ${namespace}   # who changed what`,
    `  node_modules/.bin/node src/cli.ts requests --integration ${namespace}/${name}   # the last requests`,
    '  curl -s $METRICS_URL',
    '  SCIM_OPERATOR_TOKEN=$SCIM_TOKEN node_modules/.bin/node src/cli.ts probe --idp okta --url "$SCIM_BASE"   # or entra, authentik, keycloak',
    `  kubectl patch ${integration} --type merge -p '{"spec":{"enabled":false}}'   # rejects every request`,
    `  kubectl patch ${integration} --type merge -p '{"spec":{"enabled":true}}'    # accepts the same token again`,
    `  kubectl delete secret ${secretName} -n ${namespace}   # revokes the token and creates a new one; source ${envFile} again`,
    '  kubectl apply --server-side -f examples/scimgroupbinding.yaml   # grants two roles to the group Engineering',
    `  kubectl auth can-i list pods -n ${namespace} --as=scim:ada@acme.example`,
    `  kubectl get events -n ${namespace}`,
    '  kill -9 $OPERATOR_PID                    # the operator is restarted, and nothing is lost',
    '',
    'Serving until you press Ctrl-C.',
  ];
  for (const line of lines) say(line);
}
