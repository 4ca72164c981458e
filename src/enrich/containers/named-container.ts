/** What the name of one cgroup says. */
export interface NamedContainer {
  readonly id: string;
  readonly runtime: string | null;
  /** Where the id is a name already. */
  readonly name: string | null;
}
