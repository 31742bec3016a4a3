import assert from "node:assert/strict";
import { enterConsole } from "./enter.ts";

const token = "k".repeat(43);

function command(response: Response) {
  const calls: { readonly path: unknown; readonly body: unknown }[] = [];
  const post = async (path: unknown, init?: RequestInit) => {
    calls.push({ path, body: init?.body });
    return response;
  };
  return { post, calls };
}

describe("the one-time link", () => {
  it("is exchanged for a session once, in a body and not in an address", async () => {
    const { post, calls } = command(new Response(null, { status: 204 }));
    assert.equal(await enterConsole(`#${token}`, post), undefined);
    assert.deepEqual(calls, [{ path: "/session", body: JSON.stringify({ token }) }]);
  });

  it("shows the reason of the command if it was used before", async () => {
    const error = { code: "LINK_USED", message: "the link was used", fix: "run it again" };
    const { post } = command(Response.json(error, { status: 403 }));
    assert.deepEqual(await enterConsole(`#${token}`, post), error);
    const { post: odd } = command(new Response("no JSON", { status: 500 }));
    assert.equal((await enterConsole(`#${token}`, odd))?.code, "HTTP_500");
  });

  it("sends nothing if the address is that of a page", async () => {
    const { post, calls } = command(new Response());
    for (const hash of ["", "#/", "#/identities?q=frontend-of-the-shop-in-production"])
      await enterConsole(hash, post);
    assert.equal(calls.length, 0);
  });

  it("reports a command that does not answer", async () => {
    const error = await enterConsole(`#${token}`, async () => {
      throw new TypeError("refused");
    });
    assert.equal(error?.code, "CONSOLE_ENDED");
  });
});
