/** Our annotations on custom resources, and the mistakes that users make with them. */
import { ANNOTATION_RECONCILE, ANNOTATION_ROTATE, GROUP, SCIM_INTEGRATIONS } from './names.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** The values that an annotation accepts; undefined for any value. */
const VALUES: Readonly<Record<string, readonly string[] | undefined>> = {
  [ANNOTATION_RECONCILE]: ['disabled', 'enabled'],
  [ANNOTATION_ROTATE]: undefined,
};
const SHOWN = 64;

/** One message for each annotation of our group that has no effect on an object of the kind. */
export function annotationFaults(kind: string, annotations: Annotations): readonly string[] {
  return Object.entries(annotations ?? {})
    .filter(([name]) => name.startsWith(`${GROUP}/`))
    .flatMap(([name, value]) => faultOf(kind, name, value) ?? []);
}

function faultOf(kind: string, name: string, value: string): string | undefined {
  const shown = name.slice(0, 2 * SHOWN);
  if (kind !== SCIM_INTEGRATIONS.kind || !Object.hasOwn(VALUES, name))
    return `${shown} is not an annotation of a ${kind} and has no effect`;
  const allowed = VALUES[name];
  if (allowed === undefined || allowed.includes(value)) return undefined;
  return (
    `${shown} is ${JSON.stringify(value.slice(0, SHOWN))} and has no effect; set it to ` +
    `${allowed.join(' or ')}`
  );
}
