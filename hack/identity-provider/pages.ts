/** The provider's few pages. A browser and the HTTP client of a test can both use them. */

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
export const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (char) => ESCAPES[char] ?? '');

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 22rem; margin: 15vh auto; padding: 0 1rem }
  label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
  input, button { margin: .25rem 0 1rem; padding: .5rem }
  [role=alert] { color: #b00020 }
</style>
<h1>${escapeHtml(title)}</h1>
${body}
</html>
`;
}

/** `message` says why the previous attempt failed. */
export function signInPage(action: string, client: string, message?: string): string {
  const alert = message === undefined ? '' : `<p role="alert">${escapeHtml(message)}</p>`;
  return page(
    'Sign in',
    `<p>to continue to ${escapeHtml(client)}</p>${alert}
<form method="post" action="${escapeHtml(action)}">
  <label for="login">User name</label>
  <input id="login" name="login" autocomplete="username" required autofocus>
  <label for="password">Password</label>
  <input id="password" name="password" type="password" autocomplete="current-password" required>
  <button>Sign in</button>
</form>`,
  );
}

/** `form` is oidc-provider's own form, which has no button. */
export function signOutPage(form: string): string {
  return page(
    'Sign out',
    `<p>Do you want to sign out of the identity provider?</p>${form}
<button form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
  );
}

export const signedOutPage = () => page('Signed out', '<p>You are signed out.</p>');

export const errorPage = (message: string) => page('Error', `<p>${escapeHtml(message)}</p>`);
