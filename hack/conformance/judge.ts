/** Compares the suite's findings with the justified exceptions. */

export interface CheckResult {
  readonly check: string;
  readonly resource: string | null;
  /** Only for checks of a resource's attributes. */
  readonly attribute: string | null;
  readonly status: string;
  readonly detail: string | null;
  readonly data: string | null;
}

/** A finding for which the server needs no change. */
export interface Exception {
  readonly check: string;
  readonly resource: string;
  readonly attribute: string;
  /** What the check must say. Any other finding of it counts. */
  readonly detail: RegExp;
  /** Why the server is right, with the section of the RFC that decides. */
  readonly why: string;
}

export interface Verdict {
  readonly conforming: number;
  readonly justified: number;
  readonly unexpected: readonly CheckResult[];
  /** Exceptions that are no longer needed. */
  readonly needless: readonly Exception[];
  /**
   * Resource types without a check, because the suite silently skips what discovery doesn't name.
   */
  readonly unchecked: readonly string[];
}

/** The results of scim2-tester that conform. SKIPPED and DEVIATION don't. */
const CONFORMING = ['SUCCESS', 'COMPLIANT', 'ACCEPTABLE'];

export function judge(
  results: readonly CheckResult[],
  exceptions: readonly Exception[],
  resources: readonly string[],
): Verdict {
  const findings = results.filter(({ status }) => !CONFORMING.includes(status));
  const unexpected = findings.filter(
    (finding) => !exceptions.some((each) => covers(each, finding)),
  );
  return {
    conforming: results.length - findings.length,
    justified: findings.length - unexpected.length,
    unexpected,
    needless: exceptions.filter((each) => !findings.some((finding) => covers(each, finding))),
    unchecked: resources.filter((each) => !results.some(({ resource }) => resource === each)),
  };
}

export function isConforming({ unexpected, needless, unchecked }: Verdict): boolean {
  return unexpected.length + needless.length + unchecked.length === 0;
}

function covers(exception: Exception, finding: CheckResult): boolean {
  return (
    exception.check === finding.check &&
    exception.resource === finding.resource &&
    exception.attribute === finding.attribute &&
    exception.detail.test(finding.detail ?? '')
  );
}
