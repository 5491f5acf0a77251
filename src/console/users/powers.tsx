/** What a user may do in Kubernetes and in the console, and why. */

import { CONSOLE_ACTIONS } from '../actions.ts';
import { Card, Chip, Empty } from '../frame/pieces.tsx';
import { countOf } from '../frame/words.ts';
import type { ShownGrant } from '../roles/grants.ts';
import { GrantsTable } from '../roles/grants-table.tsx';
import { Name } from '../text/names.tsx';

export interface NamespacePowers {
  readonly namespace: string;
  readonly grants: readonly ShownGrant[];
  /** Whether the user may do each of CONSOLE_ACTIONS. */
  readonly inConsole: readonly boolean[];
}

/** A question about a single action, as `kubectl auth can-i` takes it. */
export interface Question {
  readonly verb: string;
  /** With its API group behind a dot, such as deployments.apps. */
  readonly resource: string;
  readonly namespace: string;
}

export interface Powers {
  /** Undefined if the user is nobody to Kubernetes. */
  readonly identity: { readonly user: string; readonly groups: readonly string[] } | undefined;
  readonly active: boolean;
  /** The first of `askable`. */
  readonly namespaces: readonly NamespacePowers[];
  /** All namespaces in which the visitor may see it. */
  readonly askable: readonly string[];
  readonly asked: (Question & { readonly allowed: boolean }) | undefined;
}

interface PowersCardProps extends Powers {
  /** Whether a question was entered that Kubernetes could not understand. */
  readonly isUnclear: boolean;
}

export const PowersCard = ({
  identity,
  active,
  namespaces,
  askable,
  asked,
  isUnclear,
}: PowersCardProps) => (
  <Card title="What may they do, and why?" aside="as Kubernetes decides now" id="powers" flush>
    {identity === undefined ? (
      <Nothing active={active} />
    ) : (
      <>
        {namespaces.map((each) => (
          <InNamespace {...each} />
        ))}
        <More left={askable.length - namespaces.length} />
        <Ask askable={askable} asked={asked} isUnclear={isUnclear} />
        <KubernetesNames {...identity} />
      </>
    )}
  </Card>
);

const More = ({ left }: { left: number }) =>
  left > 0 ? <div class="body">{countOf(left, 'more namespace')} can be asked about.</div> : null;

const Nothing = ({ active }: { active: boolean }) =>
  active ? (
    <Empty title="Nothing">
      <p>
        The user has no name in Kubernetes, because the attribute that it is made of is missing or
        the name is reserved. Change the attribute in the identity provider.
      </p>
    </Empty>
  ) : (
    <Empty title="Nothing while inactive">
      <p>
        The user can't sign in, and ScimGroupBindings leave the user out. Activate the user in the
        identity provider.
      </p>
    </Empty>
  );

const InNamespace = ({ namespace, grants, inConsole }: NamespacePowers) => {
  const allowed = CONSOLE_ACTIONS.filter((_, index) => inConsole[index] === true);
  return (
    <>
      {grants.length === 0 ? (
        <Empty title={`No role in ${namespace}`}>
          <p>Attach a role to one of the user's groups.</p>
        </Empty>
      ) : (
        <GrantsTable namespace={namespace} grants={grants} />
      )}
      <div class="body">
        <p>
          <b>In the console, for {namespace}:</b>{' '}
          {allowed.length === 0 ? 'nothing' : allowed.map(({ words }) => words).join(', ')}
        </p>
      </div>
    </>
  );
};

type AskProps = Pick<PowersCardProps, 'askable' | 'asked' | 'isUnclear'>;

const Ask = ({ askable, asked, isUnclear }: AskProps) => (
  <>
    <form class="filters" method="get" action="#powers" aria-label="Ask about another action">
      <input
        name="verb"
        aria-label="Verb"
        placeholder="Verb, such as get"
        value={asked?.verb ?? ''}
        maxlength={60}
        required
      />
      <input
        name="resource"
        aria-label="Resource"
        placeholder="Resource, such as deployments.apps"
        value={asked?.resource ?? ''}
        maxlength={253}
        required
      />
      <select name="in" aria-label="Namespace">
        {askable.map((namespace) => (
          <option value={namespace} selected={asked?.namespace === namespace}>
            {namespace}
          </option>
        ))}
      </select>
      <button class="button" type="submit">
        May they?
      </button>
    </form>
    {isUnclear && (
      <div class="body" role="status">
        The question was not understood. Enter a verb, such as get, and a resource in the plural
        with its API group, such as deployments.apps.
      </div>
    )}
    {asked !== undefined && (
      <div class="body" role="status">
        <Chip tone={asked.allowed ? 'good' : 'rest'}>{asked.allowed ? 'Yes' : 'No'}</Chip>{' '}
        {asked.verb} {asked.resource} in {asked.namespace}
      </div>
    )}
  </>
);

/** All of them are in the list of groups below. */
const MOST_NAMES = 100;

const KubernetesNames = ({ user, groups }: NonNullable<Powers['identity']>) => (
  <details class="body">
    <summary>Names in Kubernetes</summary>
    <dl>
      <dt>User</dt>
      <dd>
        <Name of={user} whole />
      </dd>
      {groups.slice(0, MOST_NAMES).map((group) => (
        <>
          <dt>Group</dt>
          <dd>
            <Name of={group} whole />
          </dd>
        </>
      ))}
    </dl>
  </details>
);
