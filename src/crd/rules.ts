/** CEL rules, with messages that people understand, and what fields of several resources share. */
import { z } from 'zod';

export const DNS_LABEL = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
export const DNS_LABEL_MESSAGE =
  "must be a DNS label: lower case letters, digits and '-', with a letter or digit at both ends";

/** A CEL rule; without a path people read "<nil>: Invalid value". */
interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}
export const rules = (...each: readonly Rule[]) => ({ 'x-kubernetes-validations': each });

/** In CEL. */
export const literal = (pattern: string) => `r'${pattern}'`;

/** A rule instead of a pattern, whose violation would only show the pattern. */
export const matching = (pattern: string, message: string) =>
  z.string().meta(rules({ rule: `self.matches(${literal(pattern)})`, message }));

export const dateTime = () => z.string().meta({ format: 'date-time' });

export const displayName = () =>
  z.string().min(1).max(128).describe('Display name. Defaults to the name of the object.');

/** As long as Kubernetes allows any name to be. */
export const objectName = () => z.string().max(253);

export const tenantName = () => matching(DNS_LABEL, DNS_LABEL_MESSAGE).max(63);

/**
 * For the root: a field of spec is set or not, and what it is, as it was before. A rule on spec
 * would not see that spec goes.
 */
export const sameIn = (field: string) =>
  `(has(self.spec) && has(self.spec.${field})) == (has(oldSelf.spec) && ` +
  `has(oldSelf.spec.${field})) && (!(has(self.spec) && has(self.spec.${field})) || ` +
  `self.spec.${field} == oldSelf.spec.${field})`;
