/** The n-th user that the load provisions, as an identity provider sends it. */
import type { JsonObject } from '../../src/scim/json.ts';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const userNameOf = (n: number) => `user${n}@bench.example`;
/** Differs from the userName, so that a filter can't find the wrong attribute unnoticed. */
export const emailOf = (n: number) => `mail${n}@corp.example`;
export const externalIdOf = (n: number) => `00u${n}`;

/** What the directory keeps of the user, without the externalId of an integration. */
export function attributesOf(n: number, title = 'Engineer'): JsonObject & { userName: string } {
  const [givenName, familyName] = [`Given${n % 977}`, `Family${n % 1009}`];
  return {
    userName: userNameOf(n),
    name: { formatted: `${givenName} ${familyName}`, familyName, givenName },
    displayName: `${givenName} ${familyName}`,
    title,
    active: true,
    emails: [{ value: emailOf(n), type: 'work', primary: true }],
    [ENTERPRISE]: { employeeNumber: String(n), department: `Department ${n % 50}` },
  };
}

/** The body of a POST or PUT. */
export const userNumber = (n: number, title?: string): JsonObject => ({
  schemas: [USER, ENTERPRISE],
  externalId: externalIdOf(n),
  ...attributesOf(n, title),
});
