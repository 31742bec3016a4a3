import { workerData } from "node:worker_threads";
import { type Addresses, Swarm, type SwarmOptions } from "./swarm.ts";

interface Orders {
  readonly attacks: readonly SwarmOptions[];
  readonly addresses: Addresses;
}

const { attacks, addresses }: Orders = workerData;
for (const attack of attacks) new Swarm(attack, addresses);
