import { type Launch, usualLaunch } from "../../contenders/contender.ts";
import { type Calls, usualCalls } from "../../measure/measured-ca.ts";

/** A row of the issuance suite: how the CA is launched, and how it is called. */
export interface Scenario {
  readonly name: string;
  readonly launch: Launch;
  readonly calls: Omit<Calls, "calls">;
  /** Whether the short form measures it. */
  readonly short: boolean;
}

type Choice = Partial<Launch> & Partial<Omit<Calls, "calls">>;

const usual = { ...usualLaunch, ...usualCalls, callers: 16 };

const short = (choice: Choice) => scenarioOf(choice, true);
const full = (choice: Choice) => scenarioOf(choice, false);

/** Every row; each differs from the usual one in what its name says. */
export function scenarios(workers: readonly number[]): readonly Scenario[] {
  return [
    short({ callers: 1 }),
    short({ callers: 16 }),
    short({ callers: 64 }),
    full({ callers: 512 }),
    short({ newConnections: true }),
    full({ newConnections: true, callers: 64 }),
    short({ requestKey: "RSA-2048" }),
    full({ requestKey: "P-384" }),
    full({ token: "ES256" }),
    full({ credential: "certificate", newConnections: true }),
    ...workers
      .filter((count) => count > 1)
      .flatMap((count) => [
        short({ workers: count, callers: 64 }),
        full({ workers: count, callers: 64, newConnections: true }),
      ]),
    full({ tokens: "token-review" }),
    full({ tokens: "token-review", newConnections: true }),
    full({ rootKey: "P-384" }),
    full({ rootKey: "RSA-2048" }),
    full({ rootKey: "RSA-3072" }),
    full({ rootKey: "RSA-4096" }),
  ];
}

/** Scenarios that share their CA's configuration share its process, too. */
export function byLaunch(all: readonly Scenario[]): ReadonlyMap<string, readonly Scenario[]> {
  return Map.groupBy(all, ({ launch }) => JSON.stringify(launch));
}

function scenarioOf(choice: Choice, short: boolean): Scenario {
  const { rootKey, workers, tokens, ...calls } = { ...usual, ...choice };
  return { name: scenarioName(choice), launch: { rootKey, workers, tokens }, calls, short };
}

/** The name of the row that differs from the usual one like this. */
export function scenarioName(choice: Choice): string {
  const all = { ...usual, ...choice };
  const token = all.tokens === "token-review" ? "TokenReview" : all.token;
  return [
    `${all.requestKey} CSR`,
    all.credential === "certificate" ? "client certificate" : token,
    `${all.callers} caller${all.callers === 1 ? "" : "s"}`,
    ...(all.newConnections ? ["new connections"] : []),
    ...(all.rootKey === usual.rootKey ? [] : [`${all.rootKey} root`]),
    ...(all.workers === 1 ? [] : [`${all.workers} workers`]),
  ].join(", ");
}
