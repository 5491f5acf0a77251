/** The navigation: the sections of a tenant that the visitor may see, and the visitor. */
import { tenantHref } from '../hrefs.ts';
import type { TenantVisit } from '../tenant-visit.ts';
import type { Visit } from '../visit.ts';
import { CsrfField } from './forms.tsx';

export type Section = 'provisioning' | 'users' | 'groups' | 'roles' | 'activity';

const TITLES: Readonly<Record<Section, string>> = {
  provisioning: 'Provisioning',
  users: 'Users',
  groups: 'Groups',
  roles: 'Roles',
  activity: 'Activity',
};

interface NavigationProps {
  readonly visit: Visit;
  readonly tenant: TenantVisit | undefined;
  readonly sections: readonly Section[];
  readonly current: Section | undefined;
}

export const Navigation = ({ visit, tenant, sections, current }: NavigationProps) => (
  <header class="side">
    <Brand />
    {tenant !== undefined && (
      <nav aria-label="Tenant">
        <a class="tenant" href={tenantHref(tenant.name)}>
          <bdi>{tenant.title}</bdi>
        </a>
        {visit.session.tenant === undefined && <a href="/console">All tenants</a>}
      </nav>
    )}
    {tenant !== undefined && sections.length > 0 && (
      <>
        <h2 id="iam">IAM</h2>
        <nav aria-labelledby="iam">
          {sections.map((section) => (
            <a
              href={tenantHref(tenant.name, section)}
              aria-current={section === current ? 'page' : undefined}
            >
              {TITLES[section]}
            </a>
          ))}
        </nav>
      </>
    )}
    <h2 id="you">You</h2>
    <nav aria-labelledby="you">
      <a href="/console/me">What may I do?</a>
    </nav>
    <div class="me">
      <b>
        <bdi>{visit.title}</bdi>
      </b>
      <form method="post" action="/logout">
        <CsrfField session={visit.session} />
        <button class="link" type="submit">
          Sign out
        </button>
      </form>
    </div>
  </header>
);

export const Brand = () => (
  <a class="brand" href="/console">
    <Logo /> scim-operator
  </a>
);

const Logo = () => (
  <svg
    class="logo"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    aria-hidden="true"
  >
    <path d="M12 2.5 20.5 7v10L12 21.5 3.5 17V7z" />
    <circle cx="12" cy="9.6" r="2.3" />
    <path d="M7.6 16.4c.8-2.2 2.4-3.3 4.4-3.3s3.6 1.1 4.4 3.3" />
  </svg>
);
