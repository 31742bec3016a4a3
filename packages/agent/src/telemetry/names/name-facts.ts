import { printableText } from "@kasbah/runtime";
import { type JudgedName, nameConditions } from "../../gateway-files/health/judge.ts";
import type { RefusedName } from "../../sds/refused-names.ts";
import type { GatewayNames } from "./served-names.ts";

/** A name with two long paths; what is longer is cut. */
const maxNameLength = 1_024;
const maxReasonLength = 300;
const maxRefused = 100;

/** Gateway names in the status document, all of them, the worst first; undefined if there are none. */
export function gatewayFacts(gateway: GatewayNames | undefined, now: Date) {
  if (gateway === undefined) return undefined;
  const { names, waiting } = gateway;
  const count = (isCounted: (one: JudgedName) => boolean) => names.filter(isCounted).length;
  const conditions = Object.fromEntries(
    nameConditions.map((each) => [each, count((one) => one.conditions.includes(each))]),
  );
  return {
    names: names.length,
    fine: count((one) => one.conditions.length === 0),
    conditions,
    /** Beyond the limit of names, not read. */
    waiting,
    certificates: names.map((one) => nameFacts(one, now)),
  };
}

function nameFacts({ name, served, failure, refusal, conditions }: JudgedName, now: Date) {
  return {
    name: name.slice(0, maxNameLength),
    state: stateOf({ served, failure, refusal }),
    conditions,
    kind: served?.kind,
    serial: served?.serial,
    sans: served?.sans,
    certificates: served?.certificates,
    notBefore: served?.notBefore.toISOString(),
    notAfter: served?.notAfter.toISOString(),
    secondsLeft: served && Math.floor((served.notAfter.getTime() - now.getTime()) / 1000),
    problem: failure && {
      code: failure.code,
      message: printableText(failure.message, maxReasonLength),
      since: failure.since.toISOString(),
    },
    refusal: refusal && refusalFacts(refusal),
  };
}

/** `loading` until the files were read for the first time. */
function stateOf({ served, failure, refusal }: Pick<JudgedName, "served" | "failure" | "refusal">) {
  if (served === undefined) return failure === undefined ? "loading" : "missing";
  if (refusal !== undefined) return "refused";
  return failure === undefined ? "served" : "previous";
}

/** What clients reject now, of all names. */
export function refusedFacts(refusals: ReadonlyMap<string, RefusedName>) {
  return [...refusals.values()]
    .slice(0, maxRefused)
    .map((one) => ({ name: one.name.slice(0, maxNameLength), ...refusalFacts(one) }));
}

/** What clients request in vain. */
export function unservedFacts(names: ReadonlySet<string>): readonly string[] {
  return [...names].slice(0, maxRefused);
}

function refusalFacts({ complaint, at, clients }: RefusedName) {
  return { complaint: complaint.slice(0, maxReasonLength), since: at.toISOString(), clients };
}
