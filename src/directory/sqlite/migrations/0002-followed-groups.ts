/** Groups are followed: those in a group and those with an externalId are found without reading its users. */
export const sql = `
CREATE INDEX group_members_nested ON group_members (tenant, group_id, member_id) WHERE member_type = 'Group';
CREATE INDEX external_ids_group ON external_ids (tenant, external_id) WHERE resource_type = 'Group';
`;
