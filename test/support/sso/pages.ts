/** The pages of sign-in as JSON, in place of those of the console. */
import type { SignInPages } from '../../../src/sso/pages.ts';

export const plainPages: SignInPages = {
  refused: ({ status, ...refusal }) => Response.json({ is: 'refused', ...refusal }, { status }),
  chooseTenant: (choices, account) => Response.json({ is: 'chooseTenant', choices, account }),
  leaving: (href, provider) => Response.json({ is: 'leaving', href, provider }),
  signedOut: () => Response.json({ is: 'signedOut' }),
  confirmSignOut: ({ csrf, via }) => Response.json({ is: 'confirmSignOut', csrf, via }),
};
