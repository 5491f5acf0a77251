/** Holds what the suite found against the exceptions that are justified. */

export interface CheckResult {
  readonly check: string;
  readonly resource: string | null;
  /** Of the checks that go through the attributes of a resource. */
  readonly attribute: string | null;
  readonly status: string;
  readonly detail: string | null;
  readonly data: string | null;
}

/** A finding that the server is right to leave as it is. */
export interface Exception {
  readonly check: string;
  readonly resource: string;
  readonly attribute: string;
  /** What the check then says; anything else that it finds is not excused. */
  readonly detail: RegExp;
  /** Why the server is right, with the section that decides. */
  readonly why: string;
}

export interface Verdict {
  readonly conforming: number;
  readonly justified: number;
  readonly unexpected: readonly CheckResult[];
  /** Exceptions that nothing needs any more. */
  readonly needless: readonly Exception[];
  /** Resource types that no check was about: the suite skips silently what discovery doesn't name. */
  readonly unchecked: readonly string[];
}

/** The words of scim2-tester for what a server may do; SKIPPED and DEVIATION are not among them. */
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
