/** CEL rules with understandable messages, and the schemas that several resources share. */
import * as z from 'zod';

export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
export const DNS_LABEL_MESSAGE =
  "must be a DNS label: lower case letters, digits and '-', with a letter or digit at both ends";

/** A CEL rule. Without a path, its message begins with "<nil>: Invalid value". */
interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}
export const rules = (...each: readonly Rule[]) => ({ 'x-kubernetes-validations': each });

/** A raw string literal of CEL. */
export const literal = (pattern: string) => `r'${pattern}'`;

/** Uses a rule, because the message about a violated pattern would only show the pattern. */
export const matching = (pattern: string, message: string) =>
  z.string().meta(rules({ rule: `self.matches(${literal(pattern)})`, message }));

export const dateTime = () => z.string().meta({ format: 'date-time' });

export const displayName = () =>
  z.string().min(1).max(128).describe('Display name. Defaults to the name of the object.');

/** Limited like any name in Kubernetes. */
export const objectName = () => z.string().max(253);

export const tenantName = () => matching(DNS_LABEL, DNS_LABEL_MESSAGE).max(63);

/**
 * A rule for the root of the object, by which a field of spec can't be set, changed or removed. A
 * rule on spec would not notice the removal of spec.
 */
export const sameIn = (field: string) =>
  `(has(self.spec) && has(self.spec.${field})) == (has(oldSelf.spec) && ` +
  `has(oldSelf.spec.${field})) && (!(has(self.spec) && has(self.spec.${field})) || ` +
  `self.spec.${field} == oldSelf.spec.${field})`;
