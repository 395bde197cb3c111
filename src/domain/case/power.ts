/**
 * From this power on somebody invites people, takes them out and bans them, with any client and without
 * the registrar's knowledge.
 */
export const LETTING_IN_POWER = 50;
