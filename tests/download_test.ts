/** Downloads from mirrors that break, lie or know no ranges. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { DownloadError } from "../tools/_originals.ts";
import {
  broken,
  content,
  download,
  file,
  names,
  notFound,
  other,
  packed,
  serve,
  sha256,
  whole,
} from "./_mirrors.ts";
import { withFolder } from "./_tools.ts";

Deno.test("downloadOriginal() takes the next mirror where one does not have the file", async () => {
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
    await using server = serve((request) => broken(packed, Math.ceil(packed.length / 6))(request));
    await download(directory, [server.mirror], { attempts: 1 });
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    assertEquals(server.requests.length, 6);
  });
});

Deno.test("downloadOriginal() goes on with the bytes of an earlier run", async () => {
  await withFolder(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz.part`, packed.subarray(0, 100));
    await using server = serve(whole(packed));
    await download(directory, [server.mirror]);
    assertEquals(server.requests, [{ path: "/data/images.gz", start: 100 }]);
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
    assertEquals(names(directory), ["images.gz"]);
  });
});

Deno.test("downloadOriginal() begins again where the server knows no ranges", async () => {
  await withFolder(async (directory) => {
    await Deno.writeFile(`${directory}/images.gz.part`, packed.subarray(0, 100));
    await using server = serve(({ path }) => whole(packed)({ path }));
    await download(directory, [server.mirror]);
    assertEquals(await Deno.readFile(`${directory}/images.gz`), packed);
  });
});

Deno.test("downloadOriginal() needs no more bytes of a part that is whole", async () => {
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
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
  await withFolder(async (directory) => {
    await using server = serve(() => ({ body: new Uint8Array(content.length + 2 ** 17) }));
    await assertRejects(
      () => download(directory, [server.mirror]),
      DownloadError,
      "it is larger than images.gz can be",
    );
    assertEquals(server.requests.length, 1);
  });
});
