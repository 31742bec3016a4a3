import { secretTypeUrl } from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import type { Deliveries } from "../subscription/response-history.ts";
import type { SubscriptionNote } from "../subscription/stream-event.ts";
import { type AskedNames, clientText } from "../subscription/subscribed-names.ts";

/** `waiting`: there is nothing to send yet; `sent`: the client has said nothing of it so far. */
export type ResourceState = "waiting" | "sent" | "accepted" | "refused";

/** One open stream as the status shows it: no key, no certificate. Its texts are the client's own, bounded. */
export interface StreamView {
  readonly protocol: "sotw" | "delta";
  /** The client's `node.id`; "" until its first message. */
  readonly node: string;
  readonly openedAt: Date;
  readonly resources: readonly {
    readonly name: string;
    readonly state: ResourceState;
    /** The last one sent. */
    readonly version?: string;
  }[];
  readonly nacks: number;
  readonly lastNack?: { readonly names: readonly string[]; readonly complaint: string; readonly at: Date };
}

/** Names of one refused response that are kept with it. */
const maxNackNames = 16;

/** Demands `node.id`. @throws AgentError NODE_MISSING */
export function requireNode(nodeId: string): void {
  if (nodeId !== "") return;
  throw new AgentError("NODE_MISSING", "missing node information: the first request must carry node.id");
}

/** Older clients send no type; there is only one here. */
export function isSecretType(typeUrl: string): boolean {
  return typeUrl === "" || typeUrl === secretTypeUrl;
}

export interface StreamRecordParts {
  readonly clock: Clock;
  readonly note: (note: SubscriptionNote) => void;
}

/** Who opened a stream, and what it complained about. */
export class StreamRecord {
  readonly #protocol: StreamView["protocol"];
  readonly #clock: Clock;
  readonly #note: (note: SubscriptionNote) => void;
  readonly #openedAt: Date;
  #node: string | undefined;
  #hasForeignType = false;
  #nacks = 0;
  #lastNack: StreamView["lastNack"];

  constructor(protocol: StreamView["protocol"], { clock, note }: StreamRecordParts) {
    this.#protocol = protocol;
    this.#clock = clock;
    this.#note = note;
    this.#openedAt = clock.now();
  }

  /** The first message of a stream says who asks, and Envoy's later ones do not. @throws AgentError NODE_MISSING */
  introduce(nodeId: string): void {
    if (this.#node !== undefined) return;
    requireNode(nodeId);
    this.#node = clientText(nodeId);
  }

  /** Whether it is secrets that are asked for. Of another type one line is enough. */
  takesType(typeUrl: string): boolean {
    if (isSecretType(typeUrl)) return true;
    if (!this.#hasForeignType) this.#note({ kind: "unknown-type", typeUrl });
    this.#hasForeignType = true;
    return false;
  }

  /** Passes on what happened, and keeps the last complaint. */
  tell(notes: readonly SubscriptionNote[]): void {
    for (const note of notes) {
      if (note.kind === "nack") this.#keep(note);
      this.#note(note);
    }
  }

  #keep(note: Extract<SubscriptionNote, { kind: "nack" }>): void {
    this.#nacks += 1;
    const names = note.names.slice(0, maxNackNames).map(clientText);
    this.#lastNack = { names, complaint: clientText(note.complaint), at: this.#clock.now() };
  }

  view(subscription: AskedNames & Deliveries): StreamView {
    const resources = [...subscription.names].map((name) => resourceView(name, subscription));
    return {
      protocol: this.#protocol,
      node: this.#node ?? "",
      openedAt: this.#openedAt,
      resources,
      nacks: this.#nacks,
      ...(this.#lastNack === undefined ? {} : { lastNack: this.#lastNack }),
    };
  }
}

function resourceView(
  name: string,
  { sent, accepted, rejected }: Deliveries,
): StreamView["resources"][number] {
  const version = sent.get(name);
  if (version === undefined) return { name, state: "waiting" };
  if (rejected.get(name)?.includes(version)) return { name, version, state: "refused" };
  return { name, version, state: accepted.get(name) === version ? "accepted" : "sent" };
}
