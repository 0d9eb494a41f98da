/** A page whose scripts are modules of this repository. */

/** A module with all that it imports, as a script for the browser. @throws {Error} where it cannot be bundled */
export async function bundle(module: URL): Promise<string> {
  const args = ["bundle", "--quiet", "--platform=browser", decodeURIComponent(module.pathname)];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot bundle ${module}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Serves scripts by their paths, and elsewhere a page that runs /page.js; disposing of the server ends it. */
export function serveScripts(scripts: Record<string, string>): Deno.HttpServer<Deno.NetAddr> {
  const html = "<!doctype html><link rel=icon href=data:,><script type=module src=/page.js></script>";
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const script = scripts[new URL(request.url).pathname], type = script ? "javascript" : "html";
    return new Response(script ?? html, { headers: { "content-type": `text/${type}` } });
  });
}
