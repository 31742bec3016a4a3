/** The headings of the page of codes, in order, each with what holds for all of its codes. */
export const errorSections: readonly { readonly title: string; readonly text?: string }[] = [
  {
    title: "Authentication",
    text: "The caller gets the code of a refused call, with one fix and a reference: [Refusals](refusals.md). See also [Authentication](authentication.md).",
  },
  { title: "Authorization and limits" },
  { title: "Request" },
  { title: "CA outages" },
  {
    title: "The CA does not start",
    text: "The last error in the CA's log contains the code. An authority that has expired does not prevent the start: [Recover](recover.md) shows how to issue again. Some of these codes also appear while the CA runs.",
  },
  {
    title: "The running CA",
    text: "These codes appear in the log, and most of them among the warnings of `/healthz/ready`; the CA continues.",
  },
  {
    title: "Policy findings",
    text: "`kasbah policy check` reports what a rule could give to whom, and exits with the code below. A CA that runs with such a policy keeps it, and warns of the first two.",
  },
  {
    title: "Both daemons",
    text: "Both daemons exit with these codes at start; `kasbah` reports those of files and settings.",
  },
  { title: "Ledger and proofs" },
  {
    title: "The agent",
    text: "The agent keeps serving its current secret in every case, unless the table says otherwise. See also [Troubleshooting](troubleshooting.md).",
  },
  { title: "The agent's Workload API and commands" },
  {
    title: "The command kasbah",
    text: "Commands that read a state directory, a ledger or a policy also report the codes of a CA that does not start. [Commands](reference/cli.md#exit-codes) lists the exit codes.",
  },
  {
    title: "Findings of kasbah status",
    text: "[`kasbah status`](status.md) also reports the codes of refused calls, and those of a CA that does not start, has a suspect clock or has lost its ledger.",
  },
  {
    title: "Parse errors",
    text: "A value cannot be parsed. The code appears as the cause of one of those above, and the message says what is wrong with the value.",
  },
];
