/** The EnterpriseUser extension (RFC 7643 §4.3, §8.7.1). */
import { attribute, type Schema } from '../schema.ts';

export const ENTERPRISE_USER_URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export const ENTERPRISE_USER_SCHEMA: Schema = {
  id: ENTERPRISE_USER_URN,
  name: 'EnterpriseUser',
  description: 'Attributes of users that belong to an organisation.',
  attributes: [
    attribute('employeeNumber', 'Number or code assigned by the organisation.'),
    attribute('costCenter', 'Cost center.'),
    attribute('organization', 'Organisation.'),
    attribute('division', 'Division.'),
    attribute('department', 'Department.'),
    attribute('manager', "The user's manager.", {
      subAttributes: [
        attribute('value', "Id of the manager's user.", { caseExact: true }),
        attribute('$ref', "URL of the manager's user.", {
          type: 'reference',
          referenceTypes: ['User'],
        }),
        attribute('displayName', "The manager's name.", { mutability: 'readOnly' }),
      ],
    }),
  ],
};
