/** Who may log in to a test broker, by PLAIN and both kinds of SCRAM. */
export interface User {
  readonly username: string;
  readonly password: string;
}

/** May do what access lists allow, where there is an authorizer. */
export const AGENT: User = { username: 'agent', password: 'agent-secret' };

/** May do everything. */
export const ADMIN: User = { username: 'admin', password: 'admin-secret' };
