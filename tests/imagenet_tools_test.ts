/** The tools for ImageNet in processes of their own: killed at every stage, downloading from a server, two at once. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { archives } from "../datasets/imagenet/archives.ts";
import { validationName } from "../datasets/imagenet/images.ts";
import { temporaryName } from "../formats/files.ts";
import { authorization } from "../tools/_credentials.ts";
import { lockFolder } from "../tools/_imagenet.ts";
import { classFlagsOf, makeArchives } from "./_imagenet.ts";
import { run, spawn, withFolder } from "./_tools.ts";

const fixtures = new URL("fixtures/imagenet", import.meta.url).pathname, raw = `${fixtures}/raw`;
const tool = "download_and_convert_imagenet";
const miniature = [
  ...classFlagsOf(raw),
  `--validation_labels_file=${raw}/validation_synset_labels.txt`,
  "--train_shards=4",
  "--validation_shards=2",
  "--num_threads=2",
];

/** Every file below a folder with its bytes; lists of archives and the like apart. */
async function contents(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) files.set(name, await Deno.readFile(`${folder}/${name}`));
  }
  return files;
}

function assertSameFiles(
  actual: Map<string, Uint8Array>,
  expected: Map<string, Uint8Array>,
  what: string,
): void {
  assertEquals([...actual.keys()].sort(), [...expected.keys()].sort(), what);
  for (const [name, bytes] of actual) assertEquals(bytes, expected.get(name), `${name}, ${what}`);
}

/** Runs a tool until it has printed something, and kills it there. */
async function killAfter(line: RegExp, args: string[]): Promise<void> {
  const child = spawn(tool, args);
  const errors = child.stderr.text();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (line.test(text)) break;
  }
  child.kill("SIGKILL");
  await child.status;
  assert(line.test(text), `it did not print ${line}, but ${text}\n${await errors}`);
}

/** What is printed at each stage, in order. */
const stages: [string, RegExp][] = [
  ["at the boxes", /Extracting bounding box/],
  ["after the boxes", /Successfully read/],
  ["at the index of validation pictures", /Determining list of .*img_val/],
  ["before validation records", /Launching/],
  ["after a file of validation records", /Wrote 5 images to .*validation-/],
  ["at the index of training pictures", /Determining list of .*img_train/],
  ["before training records", /Launching[^]*Launching/],
  ["after a file of training records", /Wrote \d images to .*train-/],
  ["at the last line", /Finished[^]*Finished writing/],
];

Deno.test("download_and_convert_imagenet killed at any stage finishes with the same files", async () => {
  await withFolder(async (folder) => {
    const from = `${folder}/from`;
    await Deno.mkdir(from);
    await makeArchives(raw, from);
    const argumentsFor = (name: string) => [`${folder}/${name}`, `--from=${from}`, ...miniature];
    const whole = await run(tool, argumentsFor("whole"));
    assertEquals(whole.code, 0, whole.stderr);
    const expected = await contents(`${folder}/whole`), table = await contents(`${folder}/whole/raw-data`);
    assertEquals(expected.size, 7); // and no lock
    for (const [stage, line] of stages) {
      const out = `${folder}/${stage}`;
      await killAfter(line, argumentsFor(stage));
      for (const [name, bytes] of await contents(out)) {
        if (expected.has(name)) assertEquals(bytes, expected.get(name), `${name} is whole ${stage}`);
      }
      const { code, stdout, stderr } = await run(tool, argumentsFor(stage));
      assertEquals(code, 0, `${stage}: ${stderr}`);
      assertSameFiles(await contents(out), expected, stage);
      assertSameFiles(await contents(`${out}/raw-data`), table, stage);
      assert(/Finished writing all 22 images in data set\.\n$/.test(stdout), stdout);
    }
  });
});

Deno.test("download_and_convert_imagenet removes what a killed run left, and keeps what is whole", async () => {
  await withFolder(async (folder) => {
    const args = [folder, `--from=${raw}`, ...miniature];
    assertEquals((await run(tool, args)).code, 0);
    const before = await contents(folder), { ino } = await Deno.stat(`${folder}/train-00000-of-00004`);
    await Deno.remove(`${folder}/train-00001-of-00004`);
    await Deno.writeTextFile(temporaryName(`${folder}/train-00001-of-00004`), "the first half of a file");
    await Deno.writeTextFile(temporaryName(`${folder}/raw-data/imagenet_2012_bounding_boxes.csv`), "n01");
    await Deno.writeTextFile(`${folder}/.lock`, "");
    const { stdout } = await run(tool, args);
    assertSameFiles(await contents(folder), before, "afterwards");
    assertEquals([...Deno.readDirSync(`${folder}/raw-data`)].length, 1);
    assertEquals((await Deno.stat(`${folder}/train-00000-of-00004`)).ino, ino, "not written again");
    assertEquals(stdout.match(/: Kept/g)?.length, 5);
    assertStringIncludes(stdout, "Wrote 6 images to");
  });
});

Deno.test("download_and_convert_imagenet finds half-sorted validation pictures", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/from/validation/n02077923`, { recursive: true });
    for (let i = 1; i <= 10; i++) {
      const target = i === 1 ? `n02077923/${validationName(i)}` : validationName(i);
      await Deno.copyFile(`${raw}/validation/${validationName(i)}`, `${folder}/from/validation/${target}`);
    }
    for (const part of ["train", "bounding_boxes"]) {
      await Deno.symlink(`${raw}/${part}`, `${folder}/from/${part}`);
    }
    for (const from of [raw, `${folder}/from`]) {
      const { code, stderr } = await run(tool, [`${folder}/${from.length}`, `--from=${from}`, ...miniature]);
      assertEquals(code, 0, stderr);
    }
    const [a, b] = [raw, `${folder}/from`].map(({ length }) => contents(`${folder}/${length}`));
    assertSameFiles(await b, await a, "half sorted and flat");
  });
});

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
    assertSameFiles(await contents(out), await contents(`${folder}/local`), "downloaded and local");
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

Deno.test("preprocess_imagenet_validation_data goes on with what an interrupted run left", async () => {
  await withFolder(async (folder) => {
    for (let i = 1; i <= 10; i++) {
      await Deno.copyFile(`${raw}/validation/${validationName(i)}`, `${folder}/${validationName(i)}`);
    }
    await Deno.mkdir(`${folder}/n02077923`);
    await Deno.rename(`${folder}/${validationName(1)}`, `${folder}/n02077923/${validationName(1)}`);
    const args = [folder, `${raw}/validation_synset_labels.txt`];
    assertEquals((await run("preprocess_imagenet_validation_data", args)).code, 0);
    for (const { name, isFile } of Deno.readDirSync(folder)) {
      assert(!isFile, name);
      for (const { name: picture } of Deno.readDirSync(`${folder}/${name}`)) {
        assertEquals(
          Deno.readFileSync(`${folder}/${name}/${picture}`),
          Deno.readFileSync(`${raw}/validation/${picture}`),
        );
      }
    }
    await Deno.copyFile(`${raw}/validation/${validationName(1)}`, `${folder}/${validationName(1)}`);
    const twice = await run("preprocess_imagenet_validation_data", args);
    assertEquals(twice.code, 1);
    assertStringIncludes(twice.stderr, "is there as well; remove one of them");
  });
});

Deno.test("the tools for ImageNet say what is wrong with their arguments and inputs", async () => {
  await withFolder(async (folder) => {
    const [out, empty, metadata] = [`${folder}/out`, `${folder}/empty`, `${folder}/metadata.txt`];
    await Deno.mkdir(empty);
    await Deno.writeTextFile(metadata, "n01440764\ttench, Tinca tinca\n");
    const from = [`--from=${raw}`, ...miniature];
    const build = [
      `--train_directory=${raw}/train`,
      `--validation_directory=${fixtures}/val_tree`,
      `--output_directory=${out}`,
    ];
    const boxes = `--bounding_box_file=${fixtures}/imagenet_2012_bounding_boxes.csv`;
    await using _ = await lockFolder(`${folder}/busy`);
    const cases: [string, string[], number, string][] = [
      [tool, [], 2, "Cannot run without DIR"],
      [
        tool,
        [out, ...from, "--num_threads=3"],
        2,
        "--train_shards=4: it takes a multiple of --num_threads, which is 3",
      ],
      [tool, [out, "--mirror=here"], 2, "--mirror=here: it takes an address"],
      [
        tool,
        [out, ...miniature, `--from=${empty}`],
        1,
        `Cannot find ${archives.boxes.name} or a folder bounding_boxes in`,
      ],
      [
        tool,
        [out, ...from, `--imagenet_metadata_file=${metadata}`],
        1,
        "Failed to find the name of n01739381, n02077923",
      ],
      [tool, [out, ...from, `--labels_file=${folder}/none.txt`], 1, `Cannot read "${folder}/none.txt"`],
      [tool, [`${folder}/busy`, ...from], 1, "another run is at work there"],
      ["build_imagenet_data", build.slice(1), 2, "Cannot run without --train_directory"],
      ["build_imagenet_data", [...build, "--shards=3"], 2, "did you mean --"],
      [
        "build_imagenet_data",
        build,
        1,
        "make it with\n  deno run --allow-read tools/process_bounding_boxes.ts",
      ],
      [
        "build_imagenet_data",
        [...build, boxes, `--train_directory=${empty}`, ...classFlagsOf(raw)],
        1,
        "it has no *.JPEG in a folder called by a synset",
      ],
      ["process_bounding_boxes", [`${folder}/none`], 1, "there is no folder"],
    ];
    for (const [name, args, code, message] of cases) {
      const result = await run(name, args);
      assertEquals(result.code, code, `${name} ${args}: ${result.stderr}`);
      assertStringIncludes(result.stderr, message);
      assert(!result.stderr.includes("    at "), "no stack");
    }
  });
});
