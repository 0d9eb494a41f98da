/** Downloads of ImageNet's archives from a server that wants an account, killed and taken up again. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals, assertStringIncludes } from "@std/assert";
import { archives } from "../datasets/imagenet/archives.ts";
import { authorization } from "../tools/_credentials.ts";
import { assertSameFiles, contentsOf, makeArchives, miniature, raw } from "./_imagenet.ts";
import { run, withFolder } from "./_tools.ts";

const tool = "download_and_convert_imagenet";

/** What a server that knows ranges was asked for. */
interface Asked {
  path: string;
  range: string | null;
  authorization: string | null;
}

/** Serves files to those who show the account; the first answer for the training pictures stops in the middle. */
function serveArchives(folder: string) {
  const asked: Asked[] = [];
  const account = authorization({ username: "ada", accessKey: "s3cret" }, "https://x/").authorization;
  let stalls = 1;
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async ({ url, headers }) => {
      const path = new URL(url).pathname,
        [range, authorization] = ["range", "authorization"].map((key) => headers.get(key));
      asked.push({ path, range, authorization });
      if (authorization !== account) return new Response("who are you?", { status: 401 });
      const bytes = await Deno.readFile(`${folder}${path}`), start = Number(range?.match(/\d+/)?.[0] ?? 0);
      const answer = {
        "content-length": `${bytes.length - start}`,
        "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      };
      if (path.includes("train.tar") && stalls-- > 0) {
        const half = new ReadableStream({
          start: (controller) => controller.enqueue(bytes.subarray(0, bytes.length >> 1)),
        });
        return new Response(half, { headers: { "content-length": `${bytes.length}` } });
      }
      return new Response(bytes.subarray(start), { status: start > 0 ? 206 : 200, headers: answer });
    },
  );
  return {
    asked,
    mirror: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Starts the tool with an account in the environment or on standard input, and no other network than the server. */
function download(args: string[], env: Record<string, string>, input = ""): Deno.ChildProcess {
  const permissions = [
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-net=127.0.0.1",
    "--no-prompt",
  ];
  const path = new URL(`../tools/${tool}.ts`, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, path, ...args, ...miniature],
    env: { IMAGENET_USERNAME: "", IMAGENET_ACCESS_KEY: "", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  void new Blob([input]).stream().pipeTo(child.stdin).catch(() => {}); // it may not care
  return child;
}

async function outcome(child: Deno.ChildProcess): Promise<{ code: number; stderr: string }> {
  const [{ code }, stderr] = await Promise.all([child.status, child.stderr.text(), child.stdout.cancel()]);
  return { code, stderr };
}

Deno.test("download_and_convert_imagenet downloads with an account, and goes on where it was killed", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/published`);
    await makeArchives(raw, `${folder}/published`);
    await using server = serveArchives(`${folder}/published`);
    const out = `${folder}/out`, args = [out, `--mirror=${server.mirror}`];
    const part = `${out}/raw-data/${archives.train.name}.part`;
    const child = download(args, { IMAGENET_USERNAME: "ada", IMAGENET_ACCESS_KEY: "s3cret" });
    const killed = outcome(child);
    const sizeOfPart = () => Deno.stat(part).then(({ size }) => size, () => 0);
    while (await sizeOfPart() === 0) await new Promise((done) => setTimeout(done, 5));
    child.kill("SIGKILL");
    await killed;
    const have = await sizeOfPart();
    const { code, stderr } = await outcome(download(args, {}, "ada\ns3cret\n"));
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Username: ");
    assertStringIncludes(stderr, `Note: ${server.mirror}${archives.train.name} is not the published`);
    const paths = [archives.boxes, archives.validation, archives.train, archives.train].map(({ name }) =>
      `/${name}`
    );
    assertEquals(server.asked.map(({ path }) => path), paths, "what is there is not downloaded again");
    assertEquals(server.asked.at(-1)!.range, `bytes=${have}-`);
    assertEquals(
      await Deno.readFile(part.replace(".part", "")),
      await Deno.readFile(`${folder}/published/${archives.train.name}`),
    );
    const local = await run(tool, [`${folder}/local`, `--from=${raw}`, ...miniature]);
    assertEquals(local.code, 0, local.stderr);
    assertSameFiles(await contentsOf(out), await contentsOf(`${folder}/local`), "downloaded and local");
  });
});

Deno.test("download_and_convert_imagenet says what a server answers to a wrong account, and asks nobody who is not there", async () => {
  await withFolder(async (folder) => {
    await using server = serveArchives(folder);
    const args = [`${folder}/out`, `--mirror=${server.mirror}`];
    const wrong = await outcome(download(args, { IMAGENET_USERNAME: "eve", IMAGENET_ACCESS_KEY: "x" }));
    assertEquals(wrong.code, 1);
    assertStringIncludes(wrong.stderr, "the server answered 401 Unauthorized");
    const silent = await outcome(download(args, { IMAGENET_USERNAME: "ada" }));
    assertEquals(silent.code, 2);
    assertStringIncludes(
      silent.stderr,
      "set IMAGENET_USERNAME and IMAGENET_ACCESS_KEY; IMAGENET_ACCESS_KEY is missing",
    );
    assertEquals(server.asked.length, 1);
  });
});

Deno.test("authorization() shows an account only over connections that nobody can read", () => {
  const account = { username: "ada", accessKey: "clé" };
  for (
    const url of [
      "https://image-net.org/data/x.tar",
      "http://127.0.0.1:80/x",
      "http://localhost/x",
      "http://[::1]/x",
    ]
  ) {
    assertEquals(authorization(account, url), { authorization: "Basic YWRhOmNsw6k=" }, url);
  }
  for (const url of ["http://image-net.org/x.tar", "http://127.0.0.1.example.org/x"]) {
    assertEquals(authorization(account, url), {}, url);
  }
});
