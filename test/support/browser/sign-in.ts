/** Signing in to the console. */
import type { Page } from 'playwright-core';

/** With a Kubernetes token. Continues at the page of the tenants. */
export async function signInWithToken(page: Page, token: string): Promise<void> {
  await page.goto('/console');
  const field = page.getByLabel('Kubernetes token');
  if (!(await field.isVisible())) await page.getByText('Sign in with a Kubernetes token').click();
  await field.fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
