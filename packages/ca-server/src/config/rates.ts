import { option, schema } from "@kasbah/runtime";

/** The rates that apply to callers unless the policy says otherwise. */
export const rateOptions = {
  defaultRate: option({
    flag: "--default-rate <n>",
    env: "KASBAH_DEFAULT_RATE",
    help: "certificates per minute for each pod and name, in a burst or over time, unless a policy rule has a rate; ten times as many for a name and address without a pod; 0 means no limit",
    schema: schema.wholeNumber(0, 1_000_000),
    default: "60",
    group: "Limits",
  }),
};
