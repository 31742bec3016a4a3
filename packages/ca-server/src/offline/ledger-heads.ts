import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { KnownHeadMessage, KnownHeadsMessage } from "@kasbah/protocol";
import { errnoOf } from "@kasbah/runtime";
import type { LedgerHead } from "../authorities/rotation/authority-state.ts";
import { decodeState } from "../authorities/state-codec.ts";
import { StateError } from "../errors.ts";
import { namedHead } from "../recording/anchors/known-heads.ts";
import { ownHeadOf } from "../recording/anchors/own-head.ts";
import { replicaName } from "../recording/anchors/peers/change.ts";
import { PeerMemoryFile, peerMemoryPath } from "../recording/anchors/peers/memory.ts";
import { readControlState } from "../store/control/files.ts";
import { stateDirectoryAt } from "../store/state-directory.ts";

/**
 * The heads of ledgers that a state directory names outside its ledger, whether its CA is running or stopped. A
 * control state that is elsewhere or damaged names none.
 *
 * @param origin the log's name in its checkpoints, if it is known
 */
export async function readStoredHeads(
  stateDirectory: string,
  origin: string | undefined,
): Promise<KnownHeadsMessage> {
  const { control } = stateDirectoryAt(stateDirectory);
  const anchor = ownHeadOf(await storedHeads(control), origin, home);
  const replica = anchor === undefined ? await volumeIdIn(control) : replicaName(anchor);
  const peers = await new PeerMemoryFile(peerMemoryPath(control), silent).read();
  const known = (head: LedgerHead): KnownHeadMessage =>
    namedHead(replica === "" ? "another replica" : `the replica ${replica}`, replicaName(head), head);
  return {
    replica,
    heads: [
      ...(anchor === undefined ? [] : [namedHead("the control state", replica, anchor)]),
      ...[...peers.heads, ...peers.earlier].map(known),
    ],
  };
}

/** A control state in files belongs to one ledger. */
const home = { volumeId: "", place: undefined, isShared: false };
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

async function storedHeads(control: string): Promise<readonly LedgerHead[]> {
  try {
    return decodeState(await readControlState(control)).ledgers ?? [];
  } catch (error) {
    if (error instanceof StateError || error instanceof TypeError) return [];
    throw error;
  }
}

async function volumeIdIn(control: string): Promise<string> {
  const text = await readFile(join(control, "volume-id"), "utf8").catch((error: unknown) => {
    if (errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
    return "";
  });
  return text.trim();
}
