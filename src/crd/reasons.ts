/** The conditions, reasons and events that users and programs depend on. They never change. */

export const CONDITION = {
  Ready: 'Ready',
  TokenReady: 'TokenReady',
  RBACReady: 'RBACReady',
  /** Present only while True, as kstatus requires. */
  Reconciling: 'Reconciling',
  /** Present only while True: somebody must act. */
  Stalled: 'Stalled',
  /** Present only while True: the annotation `reconcile` pauses reconciling. */
  Paused: 'Paused',
  /** Present only while True: others change what the operator writes. */
  Contended: 'Contended',
  /** Present only while True: one of our annotations has no effect. */
  InvalidAnnotation: 'InvalidAnnotation',
  /** Present only while True: RoleBindings have our names but were not created by us. */
  ForeignRoleBindings: 'ForeignRoleBindings',
  /**
   * Present only while True or Unknown: nothing prevents authors from granting roles that they may
   * not grant.
   */
  Unguarded: 'Unguarded',
} as const;

/** Conditions that are present only while True: those that kstatus reads, and exceptional ones. */
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
  /** Disabled on purpose, which is healthy. */
  Disabled: 'Disabled',
  /** Not done yet. */
  Progressing: 'Progressing',
  /** A step failed and will be retried. */
  ProgressingWithRetry: 'ProgressingWithRetry',
  /** A step failed; the message says which. */
  ReconciliationFailed: 'ReconciliationFailed',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /** spec.integrationId belongs to another integration. */
  IntegrationIdConflict: 'IntegrationIdConflict',
  /** The Secret contains a token that works. */
  TokenIssued: 'TokenIssued',
  /** The Secret contains a new token, and the previous one still works. */
  Rotating: 'Rotating',
  /**
   * A Secret of that name exists and is not ours, or it is ours but immutable or named as an
   * existing Secret.
   */
  SecretConflict: 'SecretConflict',
  /** The Secret contains a token that can't be used. */
  InvalidToken: 'InvalidToken',
  /**
   * There is no usable Secret and none is created now, or it is being deleted and its name is not
   * free yet.
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
  /** Others change what the operator writes, during the write or repeatedly. */
  ChangedByOthers: 'ChangedByOthers',
  /** One of our annotations is unknown or has an unknown value. */
  UnknownAnnotation: 'UnknownAnnotation',
  /** No existing namespace is named or selected. */
  NobodySelected: 'NobodySelected',
  /** The admission policy of ScimGroupBindings is not in force. */
  AdmissionPolicyMissing: 'AdmissionPolicyMissing',
  /** It is unknown whether the admission policy is in force. */
  AdmissionPolicyUnknown: 'AdmissionPolicyUnknown',
  /** The tenant has no such group. */
  GroupNotFound: 'GroupNotFound',
  /** Several groups of the tenant have the externalId. */
  GroupAmbiguous: 'GroupAmbiguous',
  /** The group has more members than are bound. */
  GroupTooLarge: 'GroupTooLarge',
} as const;

export type Reason = (typeof REASON)[keyof typeof REASON];

export const EVENT = {
  /** A token was written to the Secret. */
  TokenGenerated: 'TokenGenerated',
  /** A new token replaced the previous one, which may still work for a while. */
  TokenRotated: 'TokenRotated',
  /** A hash was removed, because the Secret no longer had the token or after another rotation. */
  TokenRevoked: 'TokenRevoked',
  /** spec.enabled became true. */
  IntegrationEnabled: 'IntegrationEnabled',
  /** spec.enabled became false. */
  IntegrationDisabled: 'IntegrationDisabled',
  /** A change of a child was undone. */
  DriftCorrected: 'DriftCorrected',
  /** Others change what the operator writes, during the write or repeatedly. */
  Contended: 'Contended',
  /** A Secret of that name exists and is not ours. */
  SecretConflict: 'SecretConflict',
  /** Another installation, with another directory, manages the object. */
  OtherInstallation: 'OtherInstallation',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /** RoleBindings have the names of a ScimGroupBinding but were not created for it. */
  ObjectConflict: 'ObjectConflict',
} as const;
