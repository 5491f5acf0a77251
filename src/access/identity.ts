/** Who asks for access to what, in Kubernetes' terms. */

/** A user as Kubernetes sees one. */
export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  /**
   * A person of this tenant, whose permissions count in its namespaces only: the same userName in
   * two tenants may be two people.
   */
  readonly tenant?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** An action. An empty namespace means in all of them. */
export interface ResourceAttributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name?: string;
}
