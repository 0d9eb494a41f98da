// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type OriginalFile, type Originals, originals } from "../datasets/downloads.ts";
import { downloadOriginal, type FetchOptions } from "../tools/_download.ts";
import { UsageError } from "../tools/_flags.ts";
import { ChecksumError, DownloadError } from "../tools/_originals.ts";
import { main, obtainOriginals } from "../tools/download.ts";
import { main as downloadAndConvert } from "../tools/download_and_convert_data.ts";

const content = Uint8Array.from({ length: 90_000 }, (_, i) => (i * i) >> 7);
const packed = await gzip(content);
const file: OriginalFile = { name: "images", bytes: content.length, sha256: await sha256(content) };
const other = await gzip(content.toReversed());

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** What a server does with one connection: which status, headers and bytes it sends before it closes. */
type Answer = (request: { path: string; start?: number }) => {
  status?: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Close only when the client does. */
  hang?: boolean;
};

/** A server of raw answers, so that connections can break; gives its address and the requests that came. */
function serve(answer: Answer) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: { path: string; start?: number }[] = [];
  const respond = async (connection: Deno.Conn) => {
    using _ = connection;
    const buffer = new Uint8Array(4096);
    let text = "";
    while (!text.includes("\r\n\r\n")) {
      const count = await connection.read(buffer);
      if (count === null) return;
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
    const range = text.match(/^range: bytes=(\d+)-\r$/im);
    const request = {
      path: text.split(" ")[1],
      ...(range && { start: Number(range[1]) }),
    };
    requests.push(request);
    const { status = "200 OK", headers = {}, body = new Uint8Array(), hang } = answer(request);
    const lines = Object.entries({ connection: "close", ...headers }).map(([key, value]) =>
      `${key}: ${value}`
    );
    const head = new TextEncoder().encode([`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n"));
    const writer = connection.writable.getWriter();
    await writer.write(head);
    await writer.write(body);
    while (hang && await connection.read(buffer) !== null);
  };
  const done = (async () => {
    const open: Promise<void>[] = [];
    for await (const connection of listener) open.push(respond(connection).catch(() => {}));
    await Promise.all(open);
  })();
  const { port } = listener.addr as Deno.NetAddr;
  return {
    mirror: `http://127.0.0.1:${port}/data`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

/** Serves bytes whole or, where a range is asked for, from there on. */
function whole(bytes: Uint8Array): Answer {
  return ({ start }) => {
    const headers: Record<string, string> = { "content-length": `${bytes.length - (start ?? 0)}` };
    if (start === undefined) return { headers, body: bytes };
    headers["content-range"] = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return { status: "206 Partial Content", headers, body: bytes.subarray(start) };
  };
}

/** Promises all bytes and breaks off after `sent`. */
function broken(bytes: Uint8Array, sent: number): Answer {
  return (request) => {
    const answer = whole(bytes)(request);
    return { ...answer, body: answer.body!.subarray(0, sent) };
  };
}

const notFound: Answer = () => ({ status: "404 Not Found", headers: { "content-length": "0" } });

async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

function download(directory: string, mirrors: string[], options: Partial<FetchOptions> = {}) {
  return downloadOriginal(file, directory, { retryDelayMs: 1, ...options, mirrors });
}

Deno.test("downloadOriginal() takes the next mirror where one does not have the file", async () => {
  await withDirectory(async (directory) => {
    await using empty = serve(notFound);
    await using full = serve(whole(packed));
    const progress: number[] = [];
    const path = await download(directory, [empty.mirror, full.mirror], {
      onProgress: ({ received, total }) => progress.push(received / total!),
    });
    assertEquals(path, `${directory}/images.gz`);
    assertEquals(await Deno.readFile(path), packed);
    assertEquals(names(directory), ["images.gz"]);
    assertEquals(empty.requests, [{ path: "/data/images.gz" }], "a 404 is not asked for again");
    assertEquals(full.requests.length, 1);
    assertEquals(progress.at(-1), 1);
  });
});

Deno.test("downloadOriginal() goes on where the connection broke", async () => {
  await withDirectory(async (directory) => {
    const third = Math.floor(packed.length / 3);
    await using server = serve((request) => broken(packed, third)(request));
    const failures: string[] = [];
    await download(directory, [server.mirror], {
      attempts: 4,
      onFailure: (message) => failures.push(message),
    });
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    assertEquals(
      server.requests.map(({ start }) => start),
      [undefined, third, 2 * third, 3 * third]
        .slice(0, server.requests.length),
    );
    assert(server.requests.length >= 3);
    assertEquals(failures.length, server.requests.length - 1);
  });
});

Deno.test("downloadOriginal() counts no attempt that brought bytes", async () => {
  await withDirectory(async (directory) => {
    await using server = serve((request) => broken(packed, Math.ceil(packed.length / 6))(request));
    await download(directory, [server.mirror], { attempts: 1 });
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    assertEquals(server.requests.length, 6);
  });
});

Deno.test("downloadOriginal() goes on with the bytes of an earlier run", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz.part`, packed.subarray(0, 100));
    await using server = serve(whole(packed));
    await download(directory, [server.mirror]);
    assertEquals(server.requests, [{ path: "/data/images.gz", start: 100 }]);
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    assertEquals(names(directory), ["images.gz"]);
  });
});

Deno.test("downloadOriginal() begins again where the server knows no ranges", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz.part`, packed.subarray(0, 100));
    await using server = serve(({ path }) => whole(packed)({ path }));
    await download(directory, [server.mirror]);
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
  });
});

Deno.test("downloadOriginal() needs no more bytes of a part that is whole", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz.part`, packed);
    const status = "416 Range Not Satisfiable";
    await using server = serve(() => ({
      status,
      headers: { "content-range": `bytes */${packed.length}`, "content-length": "0" },
    }));
    await download(directory, [server.mirror]);
    assertEquals(server.requests.length, 1);
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
  });
});

Deno.test("downloadOriginal() begins again if the first half was of another file", async () => {
  await withDirectory(async (directory) => {
    for (const part of [other.subarray(0, 200), new Uint8Array(packed.length + 50)]) {
      await Deno.writeFile(`${directory}/images.gz.part`, part);
      await using server = serve((request) =>
        (request.start ?? 0) < packed.length ? whole(packed)(request) : {
          status: "416 Range Not Satisfiable",
          headers: { "content-range": `bytes */${packed.length}`, "content-length": "0" },
        }
      );
      await download(directory, [server.mirror]);
      assertEquals(server.requests.map(({ start }) => start), [part.length, undefined]);
      assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    }
  });
});

Deno.test("downloadOriginal() tries a busy or silent mirror again", async () => {
  await withDirectory(async (directory) => {
    let count = 0;
    await using server = serve((request) => {
      count++;
      if (count === 1) return { status: "503 Service Unavailable", headers: { "content-length": "0" } };
      if (count === 2) return { ...broken(packed, 50)(request), hang: true };
      return whole(packed)(request);
    });
    const failures: string[] = [];
    await download(directory, [server.mirror], {
      stallMs: 100,
      onFailure: (message) => failures.push(message),
    });
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    const url = `${server.mirror}/images.gz`;
    assertEquals(failures, [
      `Cannot read ${url}: the server answered 503 Service Unavailable`,
      `Cannot read ${url}: no byte for 0.1 s`,
    ]);
    assertEquals(server.requests[2].start, 50);
  });
});

Deno.test("downloadOriginal() refuses a wrong file, naming both checksums, and leaves nothing", async () => {
  await withDirectory(async (directory) => {
    await using wrong = serve(whole(other));
    await using page = serve(whole(new TextEncoder().encode("<html>Please log in</html>")));
    const error = await assertRejects(() => download(directory, [wrong.mirror, page.mirror]), DownloadError);
    assertStringIncludes(error.message, "Cannot download images.gz: no mirror gave it");
    assertStringIncludes(
      error.message,
      `Cannot use ${wrong.mirror}/images.gz: it is not the published images: expected SHA-256 ${file.sha256} ` +
        `(90000 bytes uncompressed), got ${await sha256(content.toReversed())} (90000 bytes)`,
    );
    assertStringIncludes(error.message, `Cannot use ${page.mirror}/images.gz`);
    assertStringIncludes(error.message, "--from=DIR");
    assertEquals([wrong.requests.length, page.requests.length], [1, 1]);
    assertEquals(names(directory), []);
  });
});

Deno.test("downloadOriginal() stops at a file that never ends", async () => {
  await withDirectory(async (directory) => {
    await using server = serve(() => ({ body: new Uint8Array(content.length + 2 ** 17) }));
    await assertRejects(
      () => download(directory, [server.mirror]),
      DownloadError,
      "it is larger than images.gz can be",
    );
    assertEquals(server.requests.length, 1);
  });
});

const set: Originals = { files: [file], mirrors: [], systemFolders: [] };
const quiet = { report: () => {} };

Deno.test("obtainOriginals() takes gzipped and plain files from a directory, and none twice", async () => {
  for (const [name, bytes] of [["images.gz", packed], ["images", content]] as const) {
    await withDirectory(async (directory) => {
      const from = `${directory}/from`, target = `${directory}/a/b`;
      await Deno.mkdir(from);
      await Deno.writeFile(`${from}/${name}`, bytes);
      const lines: string[] = [];
      const report = (line: string) => lines.push(line);
      await obtainOriginals(set, target, { from, report });
      await obtainOriginals(set, target, { report });
      assertEquals(await Deno.readFile(`${target}/${name}`), bytes);
      assertEquals(names(target), [name]);
      assertEquals(lines, [`${target}/${name} copied from ${from}`, `${target}/${name} is there already`]);
    });
  }
});

Deno.test("obtainOriginals() looks into the system's folders before it downloads", async () => {
  await withDirectory(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz`, packed);
    const folders = { ...set, systemFolders: [`${directory}/none`, directory] };
    await obtainOriginals(folders, `${directory}/target`, quiet);
    assertEquals(await Deno.readFile(`${directory}/target/images.gz`), packed);
    await using server = serve(whole(packed));
    const elsewhere = { ...set, systemFolders: [`${directory}/none`], mirrors: [server.mirror] };
    await obtainOriginals(elsewhere, `${directory}/downloaded`, quiet);
    assertEquals(await Deno.readFile(`${directory}/downloaded/images.gz`), packed);
  });
});

Deno.test("obtainOriginals() never replaces a file that is there", async () => {
  await withDirectory(async (directory) => {
    await using server = serve(whole(packed));
    for (const bytes of [other, content.subarray(1), new Uint8Array(200_000), packed.subarray(0, 99)]) {
      await Deno.writeFile(`${directory}/images.gz`, bytes);
      await assertRejects(
        () => obtainOriginals({ ...set, mirrors: [server.mirror] }, directory, quiet),
        ChecksumError,
        `Cannot use ${directory}/images.gz: it is not the published images: expected SHA-256 ${file.sha256}`,
      );
      assertEquals(await Deno.readFile(`${directory}/images.gz`), bytes);
    }
    assertEquals(server.requests, []);
  });
});

Deno.test("obtainOriginals() says so if a directory lacks the file or has a wrong one", async () => {
  await withDirectory(async (directory) => {
    const target = `${directory}/target`;
    await assertRejects(
      () => obtainOriginals(set, target, { from: directory, ...quiet }),
      DownloadError,
      `Cannot find images.gz or images in ${directory}`,
    );
    await Deno.writeFile(`${directory}/images`, content.toReversed());
    await assertRejects(
      () => obtainOriginals(set, target, { from: directory, ...quiet }),
      ChecksumError,
      `Cannot use ${directory}/images: it is not the published images`,
    );
    assertEquals(names(target), []);
  });
});

const alternative: OriginalFile = {
  name: "b.tgz",
  bytes: other.length,
  sha256: await sha256(other),
  isArchive: true,
};
const archive: OriginalFile = {
  name: "a.tgz",
  bytes: packed.length,
  sha256: await sha256(packed),
  isArchive: true,
  alternative,
};
const archives: Originals = { ...set, files: [archive] };

Deno.test("obtainOriginals() keeps archives as they are published, and takes one or the other", async () => {
  for (const [name, bytes] of [["a.tgz", packed], ["b.tgz", other]] as const) {
    await withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/from`);
      await Deno.writeFile(`${directory}/from/${name}`, bytes);
      await obtainOriginals(archives, directory, { from: `${directory}/from`, ...quiet });
      assertEquals(await Deno.readFile(`${directory}/${name}`), bytes);
      await using server = serve(notFound);
      const lines: string[] = [], report = (line: string) => lines.push(line);
      await obtainOriginals({ ...archives, mirrors: [server.mirror] }, directory, { report });
      assertEquals(lines, [`${directory}/${name} is there already`]);
      assertEquals(server.requests, []);
      await using mirror = serve((request) =>
        request.path.endsWith(name) ? whole(bytes)(request) : notFound(request)
      );
      const downloaded = `${directory}/downloaded`, onFailure = () => {};
      await obtainOriginals({ ...archives, mirrors: [mirror.mirror] }, downloaded, { ...quiet, onFailure });
      assertEquals(names(downloaded), [name]);
    });
  }
});

Deno.test("obtainOriginals() refuses another archive, though it unpacks to the same", async () => {
  await withDirectory(async (directory) => {
    const again = Uint8Array.from([...packed, 0]);
    await Deno.writeFile(
      `${directory}/a.tgz`,
      again.subarray(0, -1).map((byte, i) => i === 8 ? byte ^ 1 : byte),
    );
    await assertRejects(
      () => obtainOriginals(archives, directory, quiet),
      ChecksumError,
      "it is not the published a.tgz",
    );
    await Deno.writeFile(`${directory}/a.tgz`, again);
    await assertRejects(
      () => obtainOriginals(archives, directory, quiet),
      ChecksumError,
      `it has ${again.length} bytes`,
    );
    await Deno.remove(`${directory}/a.tgz`);
    await assertRejects(
      () => obtainOriginals(archives, directory, { from: directory, ...quiet }),
      DownloadError,
      `Cannot find a.tgz or b.tgz in ${directory}`,
    );
  });
});

Deno.test("download's main() refuses unknown data sets and missing flags", async () => {
  await assertRejects(
    () => main(["--dataset_name=mnits", "--dataset_dir=d"]),
    UsageError,
    "mnist, fashion_mnist",
  );
  await assertRejects(() => main(["--dataset_name=mnist"]), UsageError, "--dataset_dir");
});

const debian = originals.fashion_mnist.systemFolders[0];
const isInstalled = await Deno.stat(debian).then(() => true, () => false);

Deno.test({
  name: "download's main() finds Debian's dataset-fashion-mnist by itself",
  ignore: !isInstalled,
  fn: () =>
    withDirectory(async (directory) => {
      assertEquals(await main(["--dataset_name=fashion_mnist", `--dataset_dir=${directory}`]), 0);
      assertEquals(names(directory), originals.fashion_mnist.files.map(({ name }) => `${name}.gz`).sort());
    }),
});

Deno.test({
  name: "download_and_convert_data's main() does both, and nothing twice",
  ignore: !isInstalled,
  fn: () =>
    withDirectory(async (directory) => {
      // Records that are there are kept, so that 70,000 pictures need not be converted here.
      const args = ["--dataset_name=fashion_mnist", `--dataset_dir=${directory}`, `--from=${debian}`];
      for (const split of ["train", "test"]) {
        await Deno.writeFile(`${directory}/mnist_${split}.tfrecord`, new Uint8Array());
      }
      assertEquals(await downloadAndConvert(args), 0);
      assertEquals(
        names(directory),
        [
          "labels.txt",
          "mnist_test.tfrecord",
          "mnist_train.tfrecord",
          ...originals.fashion_mnist.files.map(({ name }) => `${name}.gz`),
        ].sort(),
      );
      await assertRejects(
        () => downloadAndConvert(["--dataset_dir=d"]),
        UsageError,
        "--dataset_name",
      );
    }),
});
