/**
 * Serves the page that trains LeNet in the browser, or one that classifies with an exported model, to this machine only.
 *
 * Usage: deno task web [--port=8000] [--folder=exported], or
 *   deno run --unstable-bundle --allow-read --allow-net=127.0.0.1 tools/serve_web.ts --help
 * (reading concerns this repository and Deno's cache; Deno fetches its bundler once).
 *
 * @module
 */
import { bundleScript } from "./_bundle.ts";
import { defineFlags, runTool } from "./_flags.ts";

const flags = defineFlags("Serves a page that trains LeNet on the embedded sample, in the browser.", {
  folder: {
    type: "path",
    help: "Serve the page that tools/export.ts --format=web wrote to this folder instead",
  },
  port: { type: "int", default: 8000, min: 0, max: 65_535, help: "Port on 127.0.0.1; 0 takes a free one" },
});

const root = new URL("../", import.meta.url);

/** Addresses of the training page's files. */
const trainingPage: Readonly<Record<string, string>> = {
  "/": "web/index.html",
  "/style.css": "web/style.css",
  "/icon.svg": "web/icon.svg",
  "/sample/train_images.png": "datasets/sample/train_images.png",
  "/sample/train_labels.txt": "datasets/sample/train_labels.txt",
  "/sample/test_images.png": "datasets/sample/test_images.png",
  "/sample/test_labels.txt": "datasets/sample/test_labels.txt",
};

/** Names of the files of an exported page. */
const exportedPage = ["index.html", "style.css", "icon.svg", "classify.js", "model.safetensors"];

const contentTypes: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
  txt: "text/plain; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  safetensors: "application/octet-stream",
};

/** The page loads nothing from elsewhere but shows the visitor's own photos, and old scripts never meet a new server. */
const headers = {
  "content-security-policy": "default-src 'self'; img-src 'self' blob:",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/** What a page consists of: by address the scripts that were bundled for it, and the files that are sent as they are. */
interface Page {
  readonly scripts: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string | URL>>;
}

/** Serves until it is stopped. */
export async function main(args: string[]): Promise<void> {
  const { port, folder } = flags.parse(args);
  const page = folder === undefined ? await openTrainingPage() : await openExportedPage(folder);
  const server = listen(port, (request) => answer(request, page));
  console.log(`Open http://127.0.0.1:${server.addr.port}/ in a browser; Ctrl-C ends`);
  await server.finished;
}

async function openTrainingPage(): Promise<Page> {
  const scripts = {
    "/main.js": await bundleScript("web/main.ts"),
    "/worker.js": await bundleScript("web/worker.ts"),
  };
  const files = Object.entries(trainingPage).map(([address, path]) => [address, new URL(path, root)]);
  return { scripts, files: Object.fromEntries(files) };
}

async function openExportedPage(folder: string): Promise<Page> {
  const files = Object.fromEntries(exportedPage.map((name) => [`/${name}`, `${folder}/${name}`]));
  for (const path of Object.values(files)) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (!info?.isFile) {
      throw new Error(
        `Cannot serve ${folder}: there is no ${path}; write it with tools/export.ts --format=web`,
      );
    }
  }
  return { scripts: {}, files: { ...files, "/": files["/index.html"] } };
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

async function answer(request: Request, { scripts, files }: Page): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return new Response("Only GET and HEAD\n", { status: 405, headers: { ...headers, allow: "GET, HEAD" } });
  }
  if (Object.hasOwn(scripts, pathname)) return respond(scripts[pathname], contentTypes.js);
  if (!Object.hasOwn(files, pathname)) {
    return new Response(`${pathname} was not found\n`, { status: 404, headers });
  }
  const path = files[pathname], extension = /\w+$/.exec(String(path))![0];
  return respond(await Deno.readFile(path), contentTypes[extension]);
}

function respond(body: BodyInit, contentType: string): Response {
  return new Response(body, { headers: { ...headers, "content-type": contentType } });
}

if (import.meta.main) await runTool(main);
