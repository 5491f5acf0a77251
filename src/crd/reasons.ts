/** The conditions, reasons and events that people and other programs see; they never change. */

export const CONDITION = {
  Ready: 'Ready',
  TokenReady: 'TokenReady',
  RBACReady: 'RBACReady',
  /** Present only while True, as kstatus wants it. */
  Reconciling: 'Reconciling',
  /** Present only while True: waits for a person. */
  Stalled: 'Stalled',
  /** Present only while True: the annotation `reconcile` pauses what can be paused. */
  Paused: 'Paused',
  /** Present only while True: others change what the operator writes. */
  Contended: 'Contended',
  /** Present only while True: an annotation of ours means nothing as it is. */
  InvalidAnnotation: 'InvalidAnnotation',
  /**
   * Present only while True: RoleBindings with the names of ours that the operator did not make.
   */
  ForeignRoleBindings: 'ForeignRoleBindings',
  /**
   * Present only while True, or Unknown: nothing keeps authors from giving roles that they may not
   * give.
   */
  Unguarded: 'Unguarded',
} as const;

/** Conditions that are present only while True: those that kstatus reads, and exceptions. */
export const WHILE_TRUE: readonly string[] = [
  CONDITION.Reconciling,
  CONDITION.Stalled,
  CONDITION.Paused,
  CONDITION.Contended,
  CONDITION.InvalidAnnotation,
  CONDITION.ForeignRoleBindings,
  CONDITION.Unguarded,
];

export const REASON = {
  /** Everything is as the spec says. */
  Succeeded: 'Succeeded',
  /** Switched off on purpose, which is healthy. */
  Disabled: 'Disabled',
  /** Not done yet. */
  Progressing: 'Progressing',
  /** A step failed and is tried again. */
  ProgressingWithRetry: 'ProgressingWithRetry',
  /** A step failed; the message says which. */
  ReconciliationFailed: 'ReconciliationFailed',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /** spec.integrationId belongs to another integration. */
  IntegrationIdConflict: 'IntegrationIdConflict',
  /** The Secret holds a token that works. */
  TokenIssued: 'TokenIssued',
  /** The Secret holds a new token, and the one before still works. */
  Rotating: 'Rotating',
  /**
   * A Secret of that name exists and is not ours; or it is ours, and immutable, or named as an
   * existing one.
   */
  SecretConflict: 'SecretConflict',
  /** The Secret holds a token that can't be used. */
  InvalidToken: 'InvalidToken',
  /**
   * There is no Secret, or none that may be used, and none is made now; or it is being deleted, and
   * its name is not free yet.
   */
  SecretMissing: 'SecretMissing',
  /** ServiceAccount, Role and RoleBinding are in place. */
  RBACApplied: 'RBACApplied',
  /** The operator's own role lacks a permission. */
  PermissionDenied: 'PermissionDenied',
  /**
   * A ServiceAccount, Role or RoleBinding of that name exists and is not ours, or is being deleted.
   */
  ObjectConflict: 'ObjectConflict',
  /** The object is being deleted. */
  Terminating: 'Terminating',
  /** The annotation `reconcile` is `disabled`. */
  ReconcileDisabled: 'ReconcileDisabled',
  /** Others change what the operator writes, at once or again and again. */
  ChangedByOthers: 'ChangedByOthers',
  /** An annotation of ours that is not known, or has a value that is not. */
  UnknownAnnotation: 'UnknownAnnotation',
  /** No namespace is named or selected that exists. */
  NobodySelected: 'NobodySelected',
  /** The admission policy of ScimGroupBindings is not in force. */
  AdmissionPolicyMissing: 'AdmissionPolicyMissing',
  /** Whether the admission policy is in force is not known. */
  AdmissionPolicyUnknown: 'AdmissionPolicyUnknown',
  /** The tenant has no such group. */
  GroupNotFound: 'GroupNotFound',
  /** Several groups of the tenant have the externalId. */
  GroupAmbiguous: 'GroupAmbiguous',
  /** The group has more members than RoleBindings are made for. */
  GroupTooLarge: 'GroupTooLarge',
} as const;

export type Reason = (typeof REASON)[keyof typeof REASON];

export const EVENT = {
  /** A token was written to the Secret. */
  TokenGenerated: 'TokenGenerated',
  /** Another token took the place of the one before, which may work on for a while. */
  TokenRotated: 'TokenRotated',
  /** The Secret no longer held the token, or it was rotated once more: its hash went. */
  TokenRevoked: 'TokenRevoked',
  /** spec.enabled became true. */
  IntegrationEnabled: 'IntegrationEnabled',
  /** spec.enabled became false. */
  IntegrationDisabled: 'IntegrationDisabled',
  /** Somebody's change of a child was undone. */
  DriftCorrected: 'DriftCorrected',
  /** Others change what the operator writes, at once or again and again. */
  Contended: 'Contended',
  /** A Secret of that name exists and is not ours. */
  SecretConflict: 'SecretConflict',
  /** Another installation looks after it, with another directory. */
  OtherInstallation: 'OtherInstallation',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /** RoleBindings have the names of those of a ScimGroupBinding and were not made for it. */
  ObjectConflict: 'ObjectConflict',
} as const;
