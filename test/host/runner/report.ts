/** What the runner in the extension host tells scripts/hostTests.mts: one JSON line an event. */
export type HostTestEvent =
  { type: 'pass' | 'skip'; title: string } | { type: 'fail'; title: string; error: string } | { type: 'end' };
