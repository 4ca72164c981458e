/** What an engine knows of a container beyond its id; null where it does not say. Never more than the bounds in `engine-answer.ts`. */
export interface ContainerFacts {
  readonly name: string | null;
  /** The reference that it was started from. */
  readonly image: string | null;
  readonly imageId: string | null;
  readonly podUid: string | null;
  readonly podName: string | null;
  readonly namespace: string | null;
  /** null: it has none, or they are not collected. */
  readonly labels: Readonly<Record<string, string>> | null;
}
