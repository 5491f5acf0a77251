/**
 * The conditions, reasons and events that users and programs depend on. They never change. The
 * comment on each is its description in docs/reference/conditions.md.
 */

export const CONDITION = {
  /** Whether the object does what its spec says; if not, the reason says why. */
  Ready: 'Ready',
  /** Whether the Secret contains a token that works. */
  TokenReady: 'TokenReady',
  /** Whether ServiceAccount, Role and RoleBinding are in place. */
  RBACReady: 'RBACReady',
  /** Present only while True: work is in progress, or a step is being retried. */
  Reconciling: 'Reconciling',
  /** Present only while True: somebody must act before the operator can continue. */
  Stalled: 'Stalled',
  /** Present only while True: the annotation `scim-operator.dev/reconcile` pauses the operator. */
  Paused: 'Paused',
  /** Present only while True: something else changes what the operator writes. */
  Contended: 'Contended',
  /** Present only while True: an annotation with the operator's prefix has no effect. */
  InvalidAnnotation: 'InvalidAnnotation',
  /**
   * Present only while True: RoleBindings that the operator did not create have names that belong
   * to the ScimGroupBinding.
   */
  ForeignRoleBindings: 'ForeignRoleBindings',
  /**
   * Present only while True or Unknown: no admission policy prevents authors from granting roles
   * that they may not grant.
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
  /** `enabled` is false, so every request is refused. Nothing is wrong. */
  Disabled: 'Disabled',
  /** Work is in progress. */
  Progressing: 'Progressing',
  /** A step failed and is being retried. */
  ProgressingWithRetry: 'ProgressingWithRetry',
  /** A step failed and is being retried; the message says which. */
  ReconciliationFailed: 'ReconciliationFailed',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /** The id in the spec, in the status or in the Secret belongs to another integration. */
  IntegrationIdConflict: 'IntegrationIdConflict',
  /** The Secret contains a token that works. */
  TokenIssued: 'TokenIssued',
  /** The Secret contains a new token, and the previous one still works. */
  Rotating: 'Rotating',
  /**
   * The Secret of that name was not created for the integration, is immutable, or is one that the
   * operator created but `token.existingSecret` names.
   */
  SecretConflict: 'SecretConflict',
  /** The Secret contains a token that can't be used. */
  InvalidToken: 'InvalidToken',
  /** There is no usable Secret and none is created now, or the Secret is being deleted. */
  SecretMissing: 'SecretMissing',
  /** The ServiceAccount, the Role and the RoleBinding are in place. */
  RBACApplied: 'RBACApplied',
  /** The operator's own role lacks a permission. */
  PermissionDenied: 'PermissionDenied',
  /**
   * A ServiceAccount, Role or RoleBinding of that name was not created by the operator, or is being
   * deleted.
   */
  ObjectConflict: 'ObjectConflict',
  /** The object is being deleted. */
  Terminating: 'Terminating',
  /** The annotation `scim-operator.dev/reconcile` is `disabled`. */
  ReconcileDisabled: 'ReconcileDisabled',
  /** Something else changes what the operator writes, either repeatedly or while it is written. */
  ChangedByOthers: 'ChangedByOthers',
  /** An annotation is unknown or has an unknown value. */
  UnknownAnnotation: 'UnknownAnnotation',
  /** The ScimTenant names or selects no existing namespace. */
  NobodySelected: 'NobodySelected',
  /** The admission policy of ScimGroupBindings is not in force. */
  AdmissionPolicyMissing: 'AdmissionPolicyMissing',
  /** The operator may not read the admission policy of ScimGroupBindings. */
  AdmissionPolicyUnknown: 'AdmissionPolicyUnknown',
  /** The tenant has no such group. */
  GroupNotFound: 'GroupNotFound',
  /** Several groups of the tenant have the externalId. */
  GroupAmbiguous: 'GroupAmbiguous',
  /** The group has more members than the operator creates RoleBindings for. */
  GroupTooLarge: 'GroupTooLarge',
} as const;

export type Reason = (typeof REASON)[keyof typeof REASON];

export const EVENT = {
  /** A token was written to the Secret. */
  TokenGenerated: 'TokenGenerated',
  /** A new token replaced the previous one, which may still work for a while. */
  TokenRotated: 'TokenRotated',
  /**
   * A token was ended, because the Secret does not contain it, because of another rotation, or
   * because its overlap was shortened.
   */
  TokenRevoked: 'TokenRevoked',
  /** `enabled` became true. */
  IntegrationEnabled: 'IntegrationEnabled',
  /** `enabled` became false. */
  IntegrationDisabled: 'IntegrationDisabled',
  /** The operator reverted a change of one of its objects. */
  DriftCorrected: 'DriftCorrected',
  /** Something else changes what the operator writes, either repeatedly or while it is written. */
  Contended: 'Contended',
  /** The Secret of the integration can't be used. */
  SecretConflict: 'SecretConflict',
  /** Another installation with another directory manages the object. */
  OtherInstallation: 'OtherInstallation',
  /** The namespace may not use the tenant. */
  TenantNotAllowed: 'TenantNotAllowed',
  /**
   * RoleBindings that the operator did not create have names that belong to the ScimGroupBinding.
   */
  ObjectConflict: 'ObjectConflict',
  /** Somebody changed the object in the console; the note names the Kubernetes user. */
  ChangedInConsole: 'ChangedInConsole',
} as const;
