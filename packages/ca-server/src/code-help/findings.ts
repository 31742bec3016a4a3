import type { CodeHelp } from "@kasbah/runtime";
import type { PolicyFinding } from "../admission/policy/findings.ts";

const finding = { section: "Policy findings" } as const;
const fault = { ...finding, exit: 1, level: "warn" } as const;

/** What a rule of a policy could give to whom. A CA that runs with such a policy only warns. */
export const findingHelp = {
  DNS_NAME_RESERVED: {
    ...fault,
    cause:
      "a name is one of the [CA's](policy.md#names-of-the-ca), or a template gives one to the workload in the message",
    fix: "choose another name, or set `dangerouslyCaNames: true`",
  },
  DNS_TEMPLATE_AMBIGUOUS: {
    ...fault,
    cause: "a template gives the two workloads in the message the same name",
    fix: "put a dot between the placeholders of the template, as in `{serviceAccount}.{namespace}`",
  },
  DNS_TEMPLATE_SHARED: {
    ...finding,
    exit: 0,
    cause: "a template has `{serviceAccount}` without `{namespace}`, in a rule for more than one namespace",
    fix: "add `{namespace}` to the template, or name one namespace in the rule",
  },
  TTL_BELOW_FLOOR: {
    ...finding,
    exit: 0,
    cause: "a lifetime is too [short](policy.md#short-lifetimes) for stock clients",
    fix: "allow at least 5 minutes",
  },
} satisfies Record<PolicyFinding["code"], CodeHelp>;
