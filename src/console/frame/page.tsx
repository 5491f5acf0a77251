/** The frame of every page: navigation beside, page before. */
import type { Child } from 'hono/jsx';
import { ASSET_PATHS } from '../assets/assets.ts';
import type { ConsoleRequest } from '../context.ts';
import { tenantHref } from '../hrefs.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import type { Visit } from '../visit.ts';
import { Brand, Navigation, type Section } from './navigation.tsx';
import { sectionsOf } from './sections.ts';

interface Frame {
  /** The heading, and the beginning of the document's title. */
  readonly title: string;
  readonly section?: Section;
  /** Links to the pages between that of the tenant and this one, the outermost first. */
  readonly crumbs?: readonly { readonly title: string; readonly href?: string }[];
  /** Stands beside the heading: chips and tags. */
  readonly marks?: Child;
  /** Buttons and links at the end of the heading's line. */
  readonly actions?: Child | undefined;
  /** A sentence below the heading. */
  readonly lead?: Child | undefined;
  readonly status?: number;
  /**
   * The address that the browser shows instead of that of the request, so that reloading does not
   * repeat a POST.
   */
  readonly address?: string | undefined;
  /** For a page without navigation that has more to say than a form. */
  readonly isWide?: boolean;
  /** Another site, to which the browser goes at once. */
  readonly refresh?: string;
}

/** Responds with a page in the frame, with the navigation of the visitor. */
export async function show(c: ConsoleRequest, frame: Frame, content: Child): Promise<Response> {
  const visit = c.get('visit') as Visit | undefined;
  const tenant = c.get('tenant') as TenantVisit | undefined;
  const sections = tenant === undefined ? [] : await sectionsOf(tenant);
  const above =
    tenant === undefined || frame.section === undefined
      ? []
      : [{ title: tenant.title, href: tenantHref(tenant.name) }];
  const crumbs = [...above, ...(frame.crumbs ?? [])];
  const navigation =
    visit === undefined ? undefined : (
      <Navigation visit={visit} tenant={tenant} sections={sections} current={frame.section} />
    );
  return respond({ ...frame, crumbs }, tenant?.title, navigation, content);
}

/** Responds with a page that has no navigation, whether or not somebody is signed in. */
export function showPlain(frame: Frame, content: Child): Promise<Response> {
  return respond(frame, undefined, undefined, content);
}

async function respond(
  frame: Frame,
  tenantTitle: string | undefined,
  navigation: Child,
  content: Child,
): Promise<Response> {
  const hasBrand = navigation === undefined;
  const main = await String(
    <Main frame={frame} hasBrand={hasBrand}>
      {content}
    </Main>,
  );
  const title = [frame.title, tenantTitle, 'scim-operator'].filter(Boolean).join(' · ');
  const head = (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {frame.refresh !== undefined && (
        <meta http-equiv="refresh" content={`0; url=${frame.refresh}`} />
      )}
      <title>{title}</title>
      <link rel="icon" type="image/svg+xml" href={ASSET_PATHS.icon} />
      <link rel="stylesheet" href={ASSET_PATHS.style} />
      {needsScript(main, frame) && <script src={ASSET_PATHS.script} defer />}
    </head>
  );
  const beside = navigation === undefined ? '' : await String(navigation);
  const body =
    '<body><a class="skip" href="#main">Skip to content</a>' +
    `<div class="${beside === '' ? 'alone' : 'frame'}">${beside}${main}</div></body>`;
  const html = `<!doctype html><html lang="en">${String(head)}${body}</html>`;
  return new Response(html, {
    status: frame.status ?? 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  });
}

/** Only some pages copy, refresh or search. Text that looks like it loads the script in vain. */
const needsScript = (main: string, { address }: Frame): boolean =>
  address !== undefined || / data-(?:copy|live|search)=/.test(main);

interface MainProps {
  readonly frame: Frame;
  /** Without navigation, the name of the program stands here. */
  readonly hasBrand: boolean;
  readonly children?: Child;
}

const Main = ({ frame, hasBrand, children }: MainProps) => (
  <main
    id="main"
    class={frame.isWide ? 'wide' : undefined}
    tabindex={-1}
    data-address={frame.address}
  >
    {hasBrand && <Brand />}
    {frame.crumbs !== undefined && frame.crumbs.length > 0 && (
      <nav class="crumbs" aria-label="Breadcrumbs">
        {frame.crumbs.map(({ title, href }, index) => (
          <>
            {index > 0 && ' / '}
            {href === undefined ? (
              <bdi>{title}</bdi>
            ) : (
              <a href={href}>
                <bdi>{title}</bdi>
              </a>
            )}
          </>
        ))}
      </nav>
    )}
    <div class="head">
      <h1>
        <bdi>{frame.title}</bdi>
      </h1>
      {frame.marks}
      {frame.actions !== undefined && <div class="actions">{frame.actions}</div>}
    </div>
    {frame.lead !== undefined && <p class="lead">{frame.lead}</p>}
    {children}
  </main>
);
