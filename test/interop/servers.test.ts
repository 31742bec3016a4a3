import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { type App, startApp } from "@kasbah/cli/mesh";
import { formatHostPort } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { type RunningCa, startCa } from "../harness/ca-process.ts";
import { kasbah } from "../harness/fixed-roots.ts";
import { patienceMs } from "../harness/until.ts";
import { type Count, type Door, Handshakes, handshake, readIdentity } from "./servers/handshakes.ts";
import { haproxy } from "./servers/haproxy.ts";
import { java } from "./servers/java.ts";
import { nginx, startNginxWithoutReload } from "./servers/nginx.ts";
import { Place, ttl } from "./servers/place.ts";
import { logIn, postgresAsPostgres, postgresAsRoot } from "./servers/postgres.ts";
import { Recipe } from "./servers/recipe.ts";
import type { Server } from "./servers/server.ts";

const servers = [nginx, haproxy, postgresAsPostgres, postgresAsRoot, java];
/** The first certificate, and eleven rotations. */
const leastCertificates = 12;
/** Fewer prove nothing: a client may have waited most of the time. */
const leastHandshakes = 200;
const rotationsWithinMs = 240_000;

/** All servers run beside one CA at the same time, and the tests then look at what the clients of each saw. */
describe("Servers that follow the recipes of docs/recipes.md", function () {
  this.timeout(600_000);
  let directory: TemporaryDirectory;
  let ca: RunningCa;
  let app: App;
  let client: Place;
  let withoutReload: Count;
  const places = new Map<Server, Place>();
  const doors = new Map<Server, Door>();
  const counts = new Map<Server, Count>();

  before(async () => {
    directory = await temporaryDirectory();
    await chmod(directory.path, 0o755);
    app = await startApp("app");
    ca = await startCa({ flags: ["--default-ttl", ttl, "--max-ttl", ttl] });
    client = await Place.create(directory.path, "client", ca);
    await client
      .run("the client's agent", `kasbah-agent --output-certs ${client.path("certs")}`)
      .logged("certificates written");
    await Promise.all(servers.filter((server) => server.missing() === undefined).map(start));
    await live();
  });

  after(async () => {
    for (const place of [...places.values(), ...(client === undefined ? [] : [client])])
      await place[Symbol.asyncDispose]();
    await ca?.stop();
    await app?.close();
    await directory?.remove();
  });

  async function start(server: Server): Promise<void> {
    const place = await Place.create(directory.path, `server-${servers.indexOf(server)}`, ca);
    places.set(server, place);
    const door = await server.start(place, formatHostPort(app.address));
    doors.set(server, door);
    await untilServes(door);
  }

  async function untilServes(door: Door): Promise<void> {
    await untilSeen("the first handshake", patienceMs, async () =>
      handshake(door, await readIdentity(client.path("certs"))).catch(() => undefined),
    );
  }

  /** Makes connections during eleven rotations of every server and the rotation of the root. */
  async function live(): Promise<void> {
    await using traffic = new AsyncDisposableStack();
    const follow = (door: Door) => traffic.use(new Handshakes(door, client.path("certs"))).count;
    for (const [server, door] of doors) counts.set(server, follow(door));
    const place = places.get(nginx);
    if (place !== undefined) {
      const door = await startNginxWithoutReload(place);
      await untilServes(door);
      withoutReload = follow(door);
    }
    const untilAllHave = async (certificates: number) => {
      for (const [{ name }, { serials }] of counts) {
        const isDone = () => serials.size >= certificates || undefined;
        await untilSeen(`${certificates} certificates of ${name}`, rotationsWithinMs, isDone);
      }
    };
    await untilAllHave(2);
    await kasbah(ca, "authority", "rotate", "--root", "--wait");
    const rootPem = await ca.process.rootPem();
    assert.notEqual(rootPem, ca.rootPem);
    for (const each of [...places.values(), client]) await each.trust(rootPem);
    await untilAllHave(leastCertificates);
  }

  const servedBy = (context: Mocha.Context, server: Server) => {
    if (server.missing() !== undefined) context.skip();
    const [place, door, count] = [places.get(server), doors.get(server), counts.get(server)];
    assert.ok(place && door && count, `${server.name} did not start`);
    return { place, door, count };
  };

  for (const server of servers) {
    const reloads = server.hasCommand ? ", of which every third reload failed at first" : "";
    it(`${server.name} fails no handshake in eleven rotations${reloads}, and one of the root`, async function () {
      const { count, place } = servedBy(this, server);
      const { handshakes, failures, firstFailure, serials, issuers } = count;
      assert.equal(
        failures,
        0,
        `${failures} failures beside ${handshakes} handshakes, the first: ${firstFailure}`,
      );
      assert.ok(handshakes >= leastHandshakes, `${handshakes} handshakes`);
      assert.ok(serials.size >= leastCertificates, `${serials.size} certificates`);
      assert.ok(issuers.size >= 2, "no certificate of the new authority");
      if (server.hasCommand) assert.ok(place.log.split("failed on purpose").length > 3, "no reload failed");
    });

    it(`${server.name} refuses a client without a certificate`, async function () {
      const { door } = servedBy(this, server);
      const { ca: roots } = await readIdentity(client.path("certs"));
      await assert.rejects(handshake(door, { ca: roots }));
      await handshake(door, await readIdentity(client.path("certs")));
    });
  }

  it("the page's commands print one serial number for the file and for the running server", async function () {
    const { place, door } = servedBy(this, nginx);
    const recipe = new Recipe("Verify", { "/run/certs": place.path("certs"), "8443": String(door.port) });
    const [ofServer = "", ofFile = ""] = recipe.command("s_client").split("\n");
    await untilSeen("equal serial numbers", patienceMs, async () => {
      const served = await place.finish(ofServer);
      assert.match(served, /^serial=[0-9A-F]+\n$/);
      return served === (await place.finish(ofFile)) || undefined;
    });
  });

  it("the clients count the failures of an nginx that no command reloads", function () {
    servedBy(this, nginx);
    assert.ok(withoutReload.failures > 0, `${withoutReload.handshakes} handshakes`);
    assert.match(withoutReload.firstFailure ?? "", /certificate has expired|CERT/i);
  });

  for (const server of [postgresAsPostgres, postgresAsRoot]) {
    it(`psql logs in to ${server.name} with the page's command`, async function () {
      const { place, door } = servedBy(this, server);
      assert.match(await logIn(place, client, door.port), /t +\| TLSv1\.3/);
    });
  }
});
