/**
 * Serves the page that trains LeNet in the browser, to this machine only.
 *
 * Usage: deno task web [--port=8000], or
 *   deno run --unstable-bundle --allow-read --allow-net=127.0.0.1 tools/serve_web.ts --help
 * (reading concerns this repository and Deno's cache; Deno fetches its bundler once).
 *
 * @module
 */
import { defineFlags, runTool } from "./_flags.ts";

const flags = defineFlags("Serves a page that trains LeNet on the embedded sample, in the browser.", {
  port: { type: "int", default: 8000, min: 0, max: 65_535, help: "Port on 127.0.0.1; 0 takes a free one" },
});

const root = new URL("../", import.meta.url);

/** Addresses of files that are sent as they are. */
const files: Readonly<Record<string, string>> = {
  "/": "web/index.html",
  "/style.css": "web/style.css",
  "/icon.svg": "web/icon.svg",
  "/sample/train_images.png": "datasets/sample/train_images.png",
  "/sample/train_labels.txt": "datasets/sample/train_labels.txt",
  "/sample/test_images.png": "datasets/sample/test_images.png",
  "/sample/test_labels.txt": "datasets/sample/test_labels.txt",
};

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  txt: "text/plain; charset=utf-8",
};

/** The page loads nothing from elsewhere, and old scripts never meet a new server. */
const headers = {
  "content-security-policy": "default-src 'self'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** Serves until it is stopped. */
export async function main(args: string[]): Promise<void> {
  const { port } = flags.parse(args);
  const scripts = { "/main.js": await bundle("web/main.ts"), "/worker.js": await bundle("web/worker.ts") };
  const server = listen(port, (request) => answer(request, scripts));
  console.log(`Open http://127.0.0.1:${server.addr.port}/ in a browser; Ctrl-C ends`);
  await server.finished;
}

/** One script with everything that it imports, and with a source map for the browser's debugger. */
async function bundle(entry: string): Promise<string> {
  const { pathname } = new URL(entry, root);
  const { errors, outputFiles } = await Deno.bundle({
    entrypoints: [decodeURIComponent(pathname)],
    platform: "browser",
    sourcemap: "inline",
    outputDir: ".", // names the file; nothing is written
    write: false,
  });
  const [file] = outputFiles ?? [];
  if (file) return file.text();
  throw new Error(`Cannot bundle ${entry}: ${errors.map((error) => error.text).join("; ")}`);
}

function listen(
  port: number,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, handler);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Error(`Cannot serve on port ${port}: it is in use; choose another with --port`, { cause });
  }
}

async function answer(request: Request, scripts: Readonly<Record<string, string>>): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET and HEAD\n", { status: 405, headers: { ...headers, allow: "GET, HEAD" } });
  }
  if (Object.hasOwn(scripts, pathname)) return respond(scripts[pathname], "text/javascript; charset=utf-8");
  if (!Object.hasOwn(files, pathname)) {
    return new Response(`${pathname} was not found\n`, { status: 404, headers });
  }
  const path = files[pathname], extension = path.slice(path.lastIndexOf(".") + 1);
  return respond(await Deno.readFile(new URL(path, root)), contentTypes[extension]);
}

function respond(body: BodyInit, contentType: string): Response {
  return new Response(body, { headers: { ...headers, "content-type": contentType } });
}

if (import.meta.main) await runTool(main);
