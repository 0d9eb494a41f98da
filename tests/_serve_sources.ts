/** Serves this repository's files, as a web server that knows TypeScript would. */
const root = new URL("../", import.meta.url);

/** Starts a server on a free port; disposing of it stops it. */
export function serveSources(): AsyncDisposable & { address: string } {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      const type = path.endsWith(".ts") ? "application/typescript" : "text/plain";
      return new Response(await Deno.readFile(new URL(path, root)), { headers: { "content-type": type } });
    } catch {
      return new Response(`${path} was not found`, { status: 404 });
    }
  });
  return {
    address: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
