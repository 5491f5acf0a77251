/** The Chromium of this machine, driven by the tests. */
import { existsSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { chromiumPath } from '../../../hack/browser/find.ts';

/** A browser for all tests of a file. */
export function useBrowser(): { newContext: Browser['newContext'] } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath(process.env, existsSync),
      // Root has no user namespace to put the sandbox in.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });
  afterAll(() => browser?.close());
  return {
    newContext: (options) => {
      if (browser === undefined) throw new Error('the browser exists only once the hooks have run');
      return browser.newContext(options);
    },
  };
}

/** What the browser reported as wrong: errors of scripts, and violations of the policy. */
export function watchFaults(context: BrowserContext): readonly string[] {
  const faults: string[] = [];
  context.on('weberror', (error) => faults.push(error.error().message));
  context.on('console', (message) => {
    // The browser reports each page with a status of an error, which tests ask for themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  return faults;
}

/** One line for each thing that axe-core finds on the page. */
export async function accessibilityFaults(page: Page): Promise<readonly string[]> {
  // The pages have no frames, for which axe-core would open another page each time.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(
      ({ html }) => `${new URL(page.url()).pathname}: ${id}: ${help}: ${html.slice(0, 200)}`,
    ),
  );
}

/** By how many pixels the page is wider than the window. */
export const overflowOf = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

/** The tables that don't fit into their place, so that their last columns are hidden at first. */
export const cutTablesOf = (page: Page): Promise<readonly string[]> =>
  page.evaluate(
    "[...document.querySelectorAll('.scroll')].filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.getAttribute('aria-label'))",
  );

/** Where pictures of pages are written. */
export const imagesFolder = (): string => process.env.IMAGES || '.test/images';
