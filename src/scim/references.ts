/**
 * References to users and groups: which of them are ours, and the one form in which they are
 * compared, since their URL depends on the endpoint that returns them.
 */
import type { Condition } from './condition.ts';
import type { Attribute } from './schema.ts';

/** The form in which newId generates ids, as a regular expression. */
export const ID_PATTERN = '[\\da-f]{8}-[\\da-f]{4}-7[\\da-f]{3}-[89ab][\\da-f]{3}-[\\da-f]{12}';
const OUR_ID = new RegExp(`^${ID_PATTERN}$`);

/** Whether the text has the form of an id here. */
export const isOurId = (text: string): boolean => OUR_ID.test(text);

interface Reference {
  readonly collection: string;
  readonly id: string;
}

/** The form in which references to resources here are compared. */
export const comparedReference = ({ collection, id }: Reference): string =>
  `../${collection}/${id}`;

/**
 * The resource here to which a `$ref` leads: a URL of the tenant, by the endpoint at `baseUrl` or by
 * that of another integration, or one of the short forms that clients send. Relative ones refer to
 * `baseUrl` (RFC 7643 §2.3.7). Any other belongs to another system, even if it looks like one of ours.
 */
export function ownReference($ref: string, baseUrl: string): Reference | undefined {
  const url = URL.parse($ref, `${baseUrl}/`)?.href ?? '';
  const integrations = baseUrl.replace(INTEGRATION, '');
  const inTenant = url.startsWith(integrations) ? url.slice(integrations.length) : '';
  const [, collection, segment = ''] = OWN.exec(inTenant) ?? SHORT.exec($ref) ?? [];
  const id = decoded(segment);
  return collection !== undefined && isOurId(id) ? { collection, id } : undefined;
}

const INTEGRATION = /(?<=\/integrations\/)[^/]+\/scim\/v2$/;
const OWN = /^[^/?#]+\/scim\/v2\/(Users|Groups)\/([^/]+)$/;
const SHORT = /^(?:\.{0,2}\/)?(?:scim\/v2\/)?(Users|Groups)\/([^/]+)$/;

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Whether values are URLs of users or groups. */
export function namesResource({ type, referenceTypes }: Attribute): boolean {
  return type === 'reference' && referenceTypes.some((each) => each === 'User' || each === 'Group');
}

/** The condition of a client of the endpoint, with references to resources here as compared. */
export function withComparedReferences(condition: Condition, baseUrl: string): Condition {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const terms = condition.terms.map((term) => withComparedReferences(term, baseUrl));
      return { ...condition, terms };
    }
    case 'not':
      return { ...condition, term: withComparedReferences(condition.term, baseUrl) };
    case 'any':
      return { ...condition, where: withComparedReferences(condition.where, baseUrl) };
    case 'compare':
      return comparison(condition, baseUrl);
    default:
      return condition;
  }
}

type Comparison = Extract<Condition, { kind: 'compare' }>;

function comparison(condition: Comparison, baseUrl: string): Condition {
  const { ref, operator, value } = condition;
  if (typeof value !== 'string' || !namesResource(ref.sub ?? ref.attribute)) return condition;
  if (operator === 'ew') return ending(condition, value, baseUrl);
  const own = ownReference(value, baseUrl);
  return own === undefined ? condition : { ...condition, value: comparedReference(own) };
}

/** The end of a URL here may be longer than what is compared. A URL elsewhere may have it, too. */
function ending(condition: Comparison, value: string, baseUrl: string): Condition {
  const [, collection, id] = END.exec(value) ?? [];
  if (collection === undefined || id === undefined) return condition;
  const compared = comparedReference({ collection, id });
  const isEnd = `${baseUrl}/${collection}/${id}`.endsWith(value);
  if (compared.endsWith(value) || !isEnd) return condition;
  return { kind: 'or', terms: [{ ...condition, value: compared }, condition] };
}

const END = /(?:^|\/)(Users|Groups)\/([^/]+)$/;
