/** The tools for ImageNet in processes of their own: killed at every stage, two at once, bad arguments. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { archives } from "../datasets/imagenet/archives.ts";
import { validationName } from "../datasets/imagenet/images.ts";
import { temporaryName } from "../formats/files.ts";
import { lockFolder } from "../tools/_imagenet.ts";
import { assertSameFiles, classFlagsOf, contentsOf, makeArchives, miniature, raw } from "./_imagenet.ts";
import { run, spawn, withFolder } from "./_tools.ts";

const fixtures = new URL("fixtures/imagenet", import.meta.url).pathname;
const tool = "download_and_convert_imagenet";
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
    const expected = await contentsOf(`${folder}/whole`),
      table = await contentsOf(`${folder}/whole/raw-data`);
    assertEquals(expected.size, 7); // and no lock
    for (const [stage, line] of stages) {
      const out = `${folder}/${stage}`;
      await killAfter(line, argumentsFor(stage));
      for (const [name, bytes] of await contentsOf(out)) {
        if (expected.has(name)) assertEquals(bytes, expected.get(name), `${name} is whole ${stage}`);
      }
      const { code, stdout, stderr } = await run(tool, argumentsFor(stage));
      assertEquals(code, 0, `${stage}: ${stderr}`);
      assertSameFiles(await contentsOf(out), expected, stage);
      assertSameFiles(await contentsOf(`${out}/raw-data`), table, stage);
      assert(/Finished writing all 22 images in data set\.\n$/.test(stdout), stdout);
    }
  });
});

Deno.test("download_and_convert_imagenet removes what a killed run left, and keeps what is whole", async () => {
  await withFolder(async (folder) => {
    const args = [folder, `--from=${raw}`, ...miniature];
    assertEquals((await run(tool, args)).code, 0);
    const before = await contentsOf(folder), { ino } = await Deno.stat(`${folder}/train-00000-of-00004`);
    await Deno.remove(`${folder}/train-00001-of-00004`);
    await Deno.writeTextFile(temporaryName(`${folder}/train-00001-of-00004`), "the first half of a file");
    await Deno.writeTextFile(temporaryName(`${folder}/raw-data/imagenet_2012_bounding_boxes.csv`), "n01");
    await Deno.writeTextFile(`${folder}/.lock`, "");
    const { stdout } = await run(tool, args);
    assertSameFiles(await contentsOf(folder), before, "afterwards");
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
    const [a, b] = [raw, `${folder}/from`].map(({ length }) => contentsOf(`${folder}/${length}`));
    assertSameFiles(await b, await a, "half sorted and flat");
  });
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
