/** The page where people type their name and password. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import type Provider from 'oidc-provider';
import { errorPage, signInPage } from './pages.ts';

/** Returns the `sub` of the account, or undefined if the name or the password is wrong. */
export type Authenticate = (login: string, password: string) => string | undefined;

export async function serveSignIn(
  provider: Provider,
  authenticate: Authenticate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const page = (status: number, html: string) =>
    void response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html);
  const details = await provider.interactionDetails(request, response).catch(() => undefined);
  if (details === undefined) return page(400, errorPage('This sign-in is over; begin again.'));
  const action = new URL(details.returnTo).pathname.replace(/\/auth\//, '/sign-in/');
  const client = String(details.params.client_id);
  if (request.method !== 'POST') return page(200, signInPage(action, client));
  const form = new URLSearchParams(await text(request));
  const accountId = authenticate(form.get('login') ?? '', form.get('password') ?? '');
  if (accountId === undefined)
    return page(401, signInPage(action, client, 'The user name or the password is wrong.'));
  await provider.interactionFinished(request, response, { login: { accountId } });
}
