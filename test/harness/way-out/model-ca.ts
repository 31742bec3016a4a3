import { createSerial, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { type FakeClock, recordingLogger } from "@kasbah/testkit";
import { AuthorityKeeper } from "../../../packages/ca-server/src/authorities/keeper.ts";
import type { SigningPair } from "../../../packages/ca-server/src/authorities/keys/authority-files.ts";
import { AuthorityKeys } from "../../../packages/ca-server/src/authorities/keys/authority-keys.ts";
import type { KeyVault } from "../../../packages/ca-server/src/authorities/keys/key-vault.ts";
import { loadKeys } from "../../../packages/ca-server/src/authorities/open-authorities.ts";
import type { AuthorityState } from "../../../packages/ca-server/src/authorities/rotation/authority-state.ts";
import { timeGate } from "../../../packages/ca-server/src/authorities/rotation/gates/rotation-gate.ts";
import { RotationDriver } from "../../../packages/ca-server/src/authorities/rotation-driver.ts";
import { SelfSigned } from "../../../packages/ca-server/src/authorities/self-signed.ts";

const dayMs = 86_400_000;
export const rootTtlMs = 3650 * dayMs;
export const intermediateTtlMs = 365 * dayMs;
const writer = createCertificateWriter();

/** Keys in memory. A copy shares no later change. */
export class MemoryVault implements KeyVault {
  readonly #pairs: Map<string, SigningPair>;

  constructor(pairs: Iterable<readonly [string, SigningPair]> = []) {
    this.#pairs = new Map(pairs);
  }

  copy(): MemoryVault {
    return new MemoryVault(this.#pairs);
  }

  async find(id: string): Promise<SigningPair | undefined> {
    return this.#pairs.get(id);
  }

  async holdsKey(id: string): Promise<boolean> {
    return this.#pairs.has(id);
  }

  async put(id: string, pair: SigningPair): Promise<boolean> {
    if (this.#pairs.has(id)) return false;
    this.#pairs.set(id, pair);
    return true;
  }

  async remove(id: string): Promise<boolean> {
    return this.#pairs.delete(id);
  }

  placeOf(id: string): string {
    return `memory/${id}`;
  }
}

export interface ModelOptions {
  readonly state: AuthorityState;
  readonly vault: MemoryVault;
  readonly clock: FakeClock;
  readonly automatic?: boolean;
  readonly withIntermediate?: boolean;
  /** Why nothing irreversible may happen; `accept` clears it. */
  readonly holds?: string;
}

/** The authorities of a CA on a state in memory: the real keeper, driver and keys, without files. */
export class ModelCa {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly selfSigned: SelfSigned;
  readonly driver: RotationDriver;
  readonly logger = recordingLogger();
  readonly #clock: FakeClock;
  #holds: string | undefined;

  constructor({ state, vault, clock, automatic = true, withIntermediate = true, holds }: ModelOptions) {
    const { logger } = this;
    const trustDomain = parseTrustDomain("cluster.local");
    const profile = {
      trustDomain,
      keyType: "P-256",
      rootTtlMs,
      intermediateTtlMs,
      withIntermediate,
    } as const;
    const named = { ...profile, nameConstraints: false };
    this.#holds = holds;
    this.#clock = clock;
    this.keys = new AuthorityKeys(vault);
    const { keys } = this;
    this.keeper = new AuthorityKeeper({ store: new MemoryStore(state), keys, clock, logger });
    // The walk is about states; a rehearsal of each authority would make it ten times as long.
    const rehearse = async () => [];
    this.selfSigned = new SelfSigned({
      profile: named,
      keys,
      writer,
      newSerial: createSerial,
      rehearse,
      clock,
    });
    const never = () => ({ stop: () => undefined });
    this.driver = new RotationDriver({
      ...{
        keeper: this.keeper,
        keys,
        selfSigned: this.selfSigned,
        profile: named,
        gate: timeGate,
        automatic,
      },
      ...{ holds: () => this.#holds, minStageMs: 30_000, keepRetiredKeysMs: 7 * dayMs, leads: () => true },
      ...{ beforeAdvance: async () => undefined, onDestroyKey: async () => undefined, rootClients: () => [] },
      ...{ starts: never, advances: never, clock, logger },
    });
  }

  load(): Promise<void> {
    return loadKeys(this.keeper.state, this.keys);
  }

  /** Starts as the server does. */
  async start(): Promise<void> {
    await this.load();
    await this.driver.start();
  }

  get isHeld(): boolean {
    return this.#holds !== undefined;
  }

  async accept(): Promise<void> {
    this.#holds = undefined;
    await this.driver.replaceFutureRoot();
  }

  /** Lets time pass, with a look each ten seconds. */
  async run(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 10) {
      this.#clock.suspend(10_000);
      await this.driver.look(true);
    }
  }

  /** The reason why the CA cannot issue; undefined if it can, with a chain to a root that it publishes. */
  problem(): string | undefined {
    try {
      const { authorityId } = this.keeper.activeIssuer(this.#clock.now());
      this.keeper.servingIssuer(this.#clock.now());
      const { rootId } = this.keeper.state.authorities.find(({ id }) => id === authorityId) ?? {};
      const root = this.keeper.state.authorities.find(({ id }) => id === rootId);
      return root !== undefined && this.keeper.trustBundle().contains(root.certificate)
        ? undefined
        : `${rootId} is not in the trust bundle`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

class MemoryStore {
  current: AuthorityState;

  constructor(state: AuthorityState) {
    this.current = state;
  }

  async update(change: (state: AuthorityState) => AuthorityState): Promise<AuthorityState> {
    this.current = change(this.current);
    return this.current;
  }
}
