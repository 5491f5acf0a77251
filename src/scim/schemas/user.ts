/** The User schema (RFC 7643 §4.1, §8.7.1). */
import { type Attribute, type AttributeOptions, attribute, type Schema } from '../schema.ts';

const USER_URN = 'urn:ietf:params:scim:schemas:core:2.0:User';

/** A multi-valued attribute with the sub-attributes of RFC 7643 §2.4. */
function plural(
  name: string,
  description: string,
  what: string,
  types: readonly string[],
  value: AttributeOptions = {},
): Attribute {
  return attribute(name, description, {
    multiValued: true,
    subAttributes: [
      attribute('value', what, value),
      attribute('display', 'Human-readable name.'),
      attribute('type', 'Purpose of the value.', { canonicalValues: types }),
      attribute('primary', 'Whether this value is the preferred one; true at most once.', {
        type: 'boolean',
      }),
    ],
  });
}

const NAME = attribute('name', "Components of the user's name.", {
  subAttributes: [
    attribute('formatted', 'Full name, formatted for display.'),
    attribute('familyName', 'Family name.'),
    attribute('givenName', 'Given name.'),
    attribute('middleName', 'Middle names.'),
    attribute('honorificPrefix', 'Title before the name, such as Dr.'),
    attribute('honorificSuffix', 'Suffix after the name, such as III.'),
  ],
});

const ADDRESSES = attribute('addresses', 'Postal addresses.', {
  multiValued: true,
  subAttributes: [
    attribute('formatted', 'Full address, formatted for display or printing.'),
    attribute('streetAddress', 'Street, house number, and so on.'),
    attribute('locality', 'City or town.'),
    attribute('region', 'State or region.'),
    attribute('postalCode', 'Postal code.'),
    attribute('country', 'Country.'),
    attribute('type', 'Purpose of the value.', { canonicalValues: ['work', 'home', 'other'] }),
    attribute('primary', 'Whether this value is the preferred one; true at most once.', {
      type: 'boolean',
    }),
  ],
});

const GROUPS = attribute(
  'groups',
  'Groups that the user belongs to, directly or through other groups; computed by the server.',
  {
    multiValued: true,
    mutability: 'readOnly',
    subAttributes: [
      attribute('value', 'Id of the group.', { caseExact: true, mutability: 'readOnly' }),
      attribute('$ref', 'URL of the group.', {
        type: 'reference',
        referenceTypes: ['Group'],
        mutability: 'readOnly',
      }),
      attribute('display', "The group's displayName.", { mutability: 'readOnly' }),
      attribute('type', 'Whether the membership is direct.', {
        canonicalValues: ['direct', 'indirect'],
        mutability: 'readOnly',
      }),
    ],
  },
);

export const USER_SCHEMA: Schema = {
  id: USER_URN,
  name: 'User',
  description: 'A person or account with access to the tenant.',
  attributes: [
    attribute(
      'userName',
      'Name that the user signs in with; unique in the tenant, ignoring case.',
      {
        required: true,
        uniqueness: 'server',
      },
    ),
    NAME,
    attribute('displayName', 'Name to show.'),
    attribute('nickName', 'Casual name.'),
    attribute('profileUrl', "URL of the user's profile.", {
      type: 'reference',
      referenceTypes: ['external'],
    }),
    attribute('title', 'Job title.'),
    attribute('userType', 'Relation to the organisation, such as Employee.'),
    attribute('preferredLanguage', 'Preferred languages, as in Accept-Language.'),
    attribute('locale', 'Locale for numbers, currency and dates, as an RFC 5646 tag.'),
    attribute('timezone', 'Time zone, as an IANA name.'),
    attribute('active', 'Whether the user may use the tenant.', { type: 'boolean' }),
    attribute('password', 'Accepted and discarded: users sign in through the identity provider.', {
      mutability: 'writeOnly',
      returned: 'never',
    }),
    plural('emails', 'E-mail addresses.', 'The address.', ['work', 'home', 'other']),
    plural('phoneNumbers', 'Phone numbers.', 'The number.', [
      'work',
      'home',
      'mobile',
      'fax',
      'pager',
      'other',
    ]),
    plural('ims', 'Instant messaging addresses.', 'The address.', []),
    plural('photos', 'Pictures.', 'URL of the picture.', ['photo', 'thumbnail'], {
      type: 'reference',
      referenceTypes: ['external'],
    }),
    ADDRESSES,
    GROUPS,
    plural('entitlements', 'Things that the user is entitled to.', 'The entitlement.', []),
    plural('roles', "The user's roles at the provider.", 'The role.', []),
    plural('x509Certificates', 'Certificates.', 'DER, in base64.', [], { type: 'binary' }),
  ],
};
