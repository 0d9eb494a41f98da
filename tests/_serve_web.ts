/** Runs tools/serve_web.ts as `deno task web` does, with no more permissions. */

const permissions = ["--unstable-bundle", "--allow-read", "--allow-net=127.0.0.1"];

/** A process of the tool that has not been started. */
export function serveWebCommand(args: string[]): Deno.Command {
  const tool = new URL("../tools/serve_web.ts", import.meta.url).pathname;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", ...permissions, decodeURIComponent(tool), ...args],
    stdout: "piped",
    stderr: "piped",
  });
}

/** Starts the tool on a free port; disposing of it ends it. */
export async function serveWeb(args: string[] = []): Promise<AsyncDisposable & { address: string }> {
  const process = serveWebCommand(["--port=0", ...args]).spawn();
  const messages = new Response(process.stderr).text();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await lines.read();
  const address = /http:\S+(?=\/)/.exec(value)?.[0];
  if (!address) throw new Error(`Cannot serve the page: ${value}${await messages}`);
  return {
    address,
    async [Symbol.asyncDispose]() {
      process.kill();
      await Promise.all([process.status, lines.cancel(), messages]);
    },
  };
}
