/**
 * Admission policies that confine the operator's ServiceAccount to objects of its own. RBAC knows
 * neither labels nor the beginnings of names nor types of Secrets: with its permissions alone, the
 * operator could create a token Secret for any ServiceAccount and read the token from it.
 */
import {
  ANNOTATION_INTEGRATION_UID,
  ANNOTATION_ROTATE,
  CHILD_PREFIX,
  DEFAULT_ROLE_BINDING_PREFIX,
  GROUP,
  GROUP_ROLE_BINDING_PREFIX,
  LABEL_MANAGED_BY,
  MANAGED_BY,
  ROLE_NAME,
  SCIM_INTEGRATIONS,
} from './names.ts';

type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

interface Rule {
  /** The plural of the resource; ends the policy's name. */
  readonly resource: string;
  readonly group: string;
  readonly operations: readonly Operation[];
  readonly validations: readonly { readonly expression: string; readonly message: string }[];
}

const RBAC = 'rbac.authorization.k8s.io';

const isLabelled = (object: string) =>
  `${object}.metadata.?labels[?'${LABEL_MANAGED_BY}'].orValue('') == '${MANAGED_BY}'`;
/** The annotation identifies a Secret whose labels somebody removed; the operator restores them. */
const isMarked = (object: string) =>
  `${object}.metadata.?annotations[?'${ANNOTATION_INTEGRATION_UID}'].hasValue()`;
const isOpaque = (object: string) => `${object}.?type.orValue('Opaque') == 'Opaque'`;
const isNamed = (object: string, prefix: string) =>
  `${object}.metadata.name.startsWith('${prefix}')`;

/** The object of a CREATE, and otherwise the object as it was. */
const SUBJECT = "(request.operation == 'CREATE' ? object : oldObject)";
const isChild = isNamed('object', CHILD_PREFIX);
const isOfGroup = isNamed('object', GROUP_ROLE_BINDING_PREFIX);
const isDefault = isNamed('object', DEFAULT_ROLE_BINDING_PREFIX);
const BINDING_PREFIXES = [CHILD_PREFIX, GROUP_ROLE_BINDING_PREFIX, DEFAULT_ROLE_BINDING_PREFIX];

/** What the console sets when it creates an integration. */
const CREATED = ['displayName', 'description', 'type', 'tenant', 'identityProvider'];

const list = (keys: readonly string[]) => `[${keys.map((key) => `'${key}'`).join(', ')}]`;
const mapAt = (object: string, path: string) => `${object}.${path}.orValue({})`;
/** An UPDATE changes, adds and removes no other key of the map. */
const changesOnly = (path: string, keys: readonly string[]) =>
  [
    ['object', 'oldObject'],
    ['oldObject', 'object'],
  ]
    .map(([from = '', to = '']) => {
      const [one, other] = [mapAt(from, path), mapAt(to, path)];
      return `${one}.all(key, key in ${list(keys)} || ${one}[?key] == ${other}[?key])`;
    })
    .join(' && ');
const keeps = (field: string) => `object.${field} == oldObject.${field}`;

const RULES: readonly Rule[] = [
  {
    // For the console. DELETE is not confined: it ends an integration, but gives nobody anything.
    resource: SCIM_INTEGRATIONS.plural,
    group: GROUP,
    operations: ['CREATE', 'UPDATE'],
    validations: [
      {
        expression:
          "request.operation == 'UPDATE' || " +
          `${mapAt('object', '?spec')}.all(key, key in ${list(CREATED)})`,
        message: `scim-operator may only create ScimIntegrations with ${CREATED.join(', ')}`,
      },
      {
        expression: [
          "request.operation == 'CREATE'",
          [
            changesOnly('?spec', ['enabled']),
            changesOnly('metadata.?annotations', [ANNOTATION_ROTATE]),
            ...['?labels', '?finalizers', '?ownerReferences'].map((field) =>
              keeps(`metadata.${field}`),
            ),
          ].join(' && '),
        ].join(' || '),
        message:
          'scim-operator may only change spec.enabled and the annotation ' +
          `${ANNOTATION_ROTATE} of a ScimIntegration`,
      },
    ],
  },
  {
    resource: 'secrets',
    group: '',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    validations: [
      {
        expression:
          `request.operation == 'CREATE' ? ${isOpaque('object')} && ${isLabelled('object')} : ` +
          `${isOpaque('oldObject')} && (${isLabelled('oldObject')} || ${isMarked('oldObject')})`,
        message:
          'scim-operator may only write Secrets of type Opaque with the label ' +
          `${LABEL_MANAGED_BY}: ${MANAGED_BY}`,
      },
    ],
  },
  {
    resource: 'serviceaccounts',
    group: '',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    validations: [
      {
        expression: isNamed(SUBJECT, CHILD_PREFIX),
        message: `scim-operator may only write ServiceAccounts named ${CHILD_PREFIX}…`,
      },
    ],
  },
  {
    resource: 'roles',
    group: RBAC,
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    validations: [
      {
        expression: `${SUBJECT}.metadata.name == '${ROLE_NAME}'`,
        message: `scim-operator may only write Roles named ${ROLE_NAME}`,
      },
    ],
  },
  {
    resource: 'rolebindings',
    group: RBAC,
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    validations: [
      {
        expression: BINDING_PREFIXES.map((prefix) => isNamed(SUBJECT, prefix)).join(' || '),
        message:
          `scim-operator may only write RoleBindings named ${CHILD_PREFIX}…, ` +
          `${GROUP_ROLE_BINDING_PREFIX}… or ${DEFAULT_ROLE_BINDING_PREFIX}…`,
      },
      {
        expression:
          `request.operation == 'DELETE' || !${isChild} || ` +
          `(object.roleRef.kind == 'Role' && object.roleRef.name == '${ROLE_NAME}')`,
        message:
          `scim-operator may only bind the Role ${ROLE_NAME} by a RoleBinding named ` +
          `${CHILD_PREFIX}…`,
      },
      {
        // What others added must not keep the operator from removing it.
        expression:
          `request.operation == 'DELETE' || !${isOfGroup} || ` +
          'object.?subjects.orValue([]).all(subject, ' +
          "(subject.kind == 'User' && !subject.name.startsWith('system:')) || " +
          "(request.operation == 'UPDATE' && subject in oldObject.?subjects.orValue([])))",
        message:
          'scim-operator may only add Users, and none whose name begins with system:, to a ' +
          `RoleBinding named ${GROUP_ROLE_BINDING_PREFIX}…`,
      },
      {
        expression:
          `request.operation == 'DELETE' || !${isDefault} || (object.roleRef.kind == 'ClusterRole' ` +
          "&& object.?subjects.orValue([]).all(subject, subject.kind == 'Group' && " +
          "!subject.name.startsWith('system:')))",
        message:
          'scim-operator may only bind a ClusterRole to Groups, and to none whose name begins ' +
          `with system:, by a RoleBinding named ${DEFAULT_ROLE_BINDING_PREFIX}…`,
      },
    ],
  },
];

interface Confined {
  /** Begins the names of the policies. */
  readonly name: string;
  /** The user that the operator's ServiceAccount is, as in `system:serviceaccount:NS:NAME`. */
  readonly user: string;
}

/** ValidatingAdmissionPolicies, each followed by its binding, in the order in which to apply them. */
export const confinementPolicies = ({ name, user }: Confined) =>
  RULES.flatMap(({ resource, group, operations, validations }) => {
    const metadata = { name: `${name}-${resource}` };
    // The default scope is written out, as in the policy of ScimGroupBindings.
    const matched = {
      apiGroups: [group],
      apiVersions: ['*'],
      operations,
      resources: [resource],
      scope: '*',
    };
    return [
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
        metadata,
        spec: {
          failurePolicy: 'Fail',
          matchConstraints: { matchPolicy: 'Equivalent', resourceRules: [matched] },
          matchConditions: [
            { name: 'is-the-operator', expression: `request.userInfo.username == '${user}'` },
          ],
          validations: validations.map((each) => ({ ...each, reason: 'Forbidden' })),
        },
      },
      {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicyBinding',
        metadata,
        spec: { policyName: metadata.name, validationActions: ['Deny'] },
      },
    ] as const;
  });
