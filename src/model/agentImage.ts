/** What there is of an agent's image on the engine. */
export interface AgentImage {
  agentTypeId: string;
  image: string;
  /** On the engine's disk; null where the image is not there. */
  bytes: number | null;
  /** Milliseconds since the epoch; null where it is not there, or the engine does not say. */
  createdAt: number | null;
}
