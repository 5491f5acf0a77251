/** Under which name the API server notes the fields that the console writes. */
export const CONSOLE_FIELD_MANAGER = 'scim-operator-console';
