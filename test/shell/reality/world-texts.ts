/** What docs/COMMANDS.md says of the worlds of the cases; of `home` nothing. */
export const worldTexts = {
  home: "",
  alone: "in a network of one peer",
  three: "in a network of three peers",
  empty: "in an empty network",
  users: "ann, an administrator, is logged in",
  bob: "bob, who is no administrator, is logged in",
  away: "while ben is down",
  damaged: "ben's disk is damaged",
  slow: "the transfer takes long",
  past: "an hour ago note.txt was removed, cat.jpg moved, and plan.md changed",
  contested: "what was changed here was changed again elsewhere",
  "no-quorum": "while no majority of the coordinators answers",
  "no-peer": "while the peer of this machine does not answer",
  stuck: "while nothing answers",
} as const;

export type WorldName = keyof typeof worldTexts;
