import { kasbah } from "../../generated/messages.js";
import type { Codec, Method } from "../codec.ts";
import { getAuthorityStatus } from "./authority-admin.ts";
import type { AuthorityStatusMessage } from "./authority-status.ts";

const wire = kasbah.v1;

/** An identity that holds unexpired certificates of an authority. */
export interface HolderMessage {
  readonly spiffeId: string;
  /** Its unexpired certificates of the authority. */
  readonly leaves: number;
  /** The pods whose newest certificate is one of them. */
  readonly pods: number;
  /** The certificate that expires last. */
  readonly serial: string;
  readonly notAfter: Date;
}

/** What an operator must know before the key of an authority is declared compromised. */
export interface DistrustPreviewMessage {
  readonly id: string;
  readonly kind: "root" | "intermediate";
  /** The authority, and for a root everything under it. */
  readonly removed: readonly string[];
  /** The authority that will sign certificates; empty if the CA creates it first. */
  readonly signer: string;
  /** The kind of authority that the CA creates first; empty if none. */
  readonly creates: "" | "root" | "intermediate";
  /** If the root above stays trusted, workloads accept certificates that a thief signs until this time. */
  readonly acceptedUntil?: Date;
  /** The expiry of the last certificate under the authority that any replica issued. */
  readonly leavesUntil?: Date;
  /** What the ledger of one process contains. Only the list of holders may be cut. */
  readonly leaves: number;
  readonly identities: number;
  readonly pods: number;
  readonly holders: readonly HolderMessage[];
  /** The reason why the holders are unknown, else empty. */
  readonly holdersUnknown: string;
  /** Whether the CA's own serving certificate changes to another root at once. */
  readonly changesRoot: boolean;
}

const request: Codec<{ readonly id: string }> = {
  encode: ({ id }) => wire.DistrustRequest.encode({ id }).finish(),
  decode: (bytes) => ({ id: wire.DistrustRequest.decode(bytes).id }),
};

const preview: Codec<DistrustPreviewMessage> = {
  encode: ({ acceptedUntil, leavesUntil, holders, removed, ...rest }) =>
    wire.DistrustPreview.encode({
      ...rest,
      removed: [...removed],
      acceptedUntil: acceptedUntil?.getTime() ?? null,
      leavesUntil: leavesUntil?.getTime() ?? null,
      holders: holders.map((one) => ({ ...one, notAfter: one.notAfter.getTime() })),
    }).finish(),
  decode: (bytes) => {
    const message = wire.DistrustPreview.decode(bytes);
    // Absent fields are on the prototype of the message, so a rest pattern would lose them.
    const { id, removed, signer, leaves, identities, pods, holdersUnknown, changesRoot } = message;
    const { acceptedUntil, leavesUntil, holders, kind, creates } = message;
    return {
      ...{ id, removed, signer, leaves, identities, pods, holdersUnknown, changesRoot },
      kind: kindOf(kind),
      creates: creates === "" ? "" : kindOf(creates),
      holders: holders.map((one) => decodeHolder(new wire.Holder(one))),
      ...(acceptedUntil == null ? {} : { acceptedUntil: new Date(Number(acceptedUntil)) }),
      ...(leavesUntil == null ? {} : { leavesUntil: new Date(Number(leavesUntil)) }),
    };
  },
};

/** Reports what {@link distrustAuthority} would do, and changes nothing. */
export const previewDistrust: Method<{ readonly id: string }, DistrustPreviewMessage> = {
  path: "/kasbah.v1.AuthorityAdmin/PreviewDistrust",
  request,
  response: preview,
};

export const distrustAuthority: Method<{ readonly id: string }, AuthorityStatusMessage> = {
  path: "/kasbah.v1.AuthorityAdmin/Distrust",
  request,
  response: getAuthorityStatus.response,
};

function decodeHolder({
  spiffeId,
  leaves,
  pods,
  serial,
  notAfter,
}: InstanceType<typeof wire.Holder>): HolderMessage {
  return { spiffeId, leaves, pods, serial, notAfter: new Date(Number(notAfter)) };
}

function kindOf(text: string): "root" | "intermediate" {
  if (text === "root" || text === "intermediate") return text;
  throw new TypeError("expected root or intermediate");
}
