/**
 * What the process table knows of the process that an event is about, as far as others ask: an event itself carries less where its kind
 * repeats little (a FORK neither executable nor cgroup). An entry of the table is one.
 */
export interface Known {
  readonly name: string | null;
  readonly uid: number | null;
  readonly cgroup: string | null;
  readonly image: { readonly exe: string | null } | null;
  readonly parent: Known | null;
}
