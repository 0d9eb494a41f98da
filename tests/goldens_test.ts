// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { main } from "./goldens.ts";

async function run(...args: string[]): Promise<{ status: number; lines: string[] }> {
  const lines: string[] = [];
  const status = await main(args, (line) => lines.push(line));
  return { status, lines };
}

const fixtures = new URL("fixtures", import.meta.url).pathname;

const topics = [
  "checkpoints",
  "events",
  "graphdef",
  "imagenet",
  "jpeg",
  "metrics",
  "model_deploy",
  "optimizers",
  "preprocessing",
  "schedules",
  "tfrecord",
  "training",
];
for (const topic of topics) {
  Deno.test(`goldens ${topic} passes on the fixtures`, async () => {
    const { status, lines } = await run(topic);
    assertEquals(lines.filter((line) => line.startsWith("FAIL")), []);
    assertEquals(status, 0);
  });
}

Deno.test("goldens names the topics if it is given none, two or an unknown one", async () => {
  for (
    const args of [
      [],
      ["nets_of_fish"],
      ["tfrecord", "checkpoints"],
      ["tfrecord", "--onyl=x"],
      ["nets", "--variant=9x9"],
      ["tfrecord", "--browser"],
    ]
  ) {
    const { status, lines } = await run(...args);
    assertEquals(status, 1);
    assert(lines.at(-1)!.startsWith("Usage: "));
  }
});

Deno.test("goldens fails if --only matches nothing or the directory is missing", async () => {
  assertEquals(await run("tfrecord", "--only=no such case"), {
    status: 1,
    lines: ["tfrecord: 0 passed, 0 failed"],
  });
  assertEquals((await run("tfrecord", "--goldens=/no/such/directory")).status, 1);
});

Deno.test("goldens training notices a loss that is off by a hundredth", async () => {
  const failed = await failuresAfter("training", ["trajectories.json", "noise.json"], async (directory) => {
    const path = `${directory}/trajectories.json`, all = JSON.parse(await Deno.readTextFile(path));
    all.cases = all.cases.slice(0, 1);
    all.cases[0].losses[29] *= 1.01;
    await Deno.writeTextFile(path, JSON.stringify(all));
  });
  assertEquals(failed.length, 1);
});

Deno.test("goldens metrics notices a prediction and a running value that are off", async () => {
  const failures = await failuresAfter("metrics", ["metrics.json"], async (directory) => {
    await replaceIn(`${directory}/metrics.json`, "0.36842105", "0.36842108");
    await replaceIn(`${directory}/metrics.json`, '"labels": [\n    2\n   ]', '"labels": [\n    4\n   ]');
  });
  assertEquals(failures, ["batch 2", "batch 3", "batch 4"]);
});

Deno.test("goldens optimizers notices a slot, a moving average and a gradient that are off", async () => {
  const files = ["optimizers.json", "moving_average.json", "losses.json"];
  const failures = await failuresAfter("optimizers", files, async (directory) => {
    await replaceIn(`${directory}/optimizers.json`, "0.100070655", "0.100071");
    await replaceIn(`${directory}/moving_average.json`, "0.56642747", "0.566429");
    await replaceIn(`${directory}/losses.json`, "-0.15182342", "-0.151824");
  });
  assertEquals(failures, ["adagrad, default", "moving average 0.9999", "slim.losses, plain"]);
});

Deno.test("goldens imagenet notices wrong records, boxes, cuts, trees, repairs and files without a case", async () => {
  const parts = [
    "raw",
    "val_tree",
    "reencoded",
    "reencoded.json",
    "sharding.json",
    "process_bounding_boxes.json",
    "preprocess_validation.json",
    "imagenet_2012_bounding_boxes.csv",
    "official_shuffle",
    "official_shuffle.json",
  ];
  const failures = await failuresAfter("imagenet", parts, async (directory) => {
    await replaceIn(`${directory}/official_shuffle.json`, "0.1429", "0.1430");
    await replaceIn(`${directory}/imagenet_2012_bounding_boxes.csv`, "0.9947", "0.9948");
    await replaceIn(`${directory}/preprocess_validation.json`, "n02105855/ILSVRC", "n02092002/ILSVRC");
    await replaceIn(`${directory}/process_bounding_boxes.json`, "Skipped 2 bounding", "Skipped 3 bounding");
    await replaceIn(`${directory}/sharding.json`, "320291", "320292");
    await replaceIn(`${directory}/reencoded.json`, "a PNG", "a GIF");
    await Deno.writeTextFile(`${directory}/surprise.json`, "{}");
  });
  assertEquals(failures, [
    "imagenet_2012_bounding_boxes.csv",
    "official_shuffle/build_imagenet_data",
    "official_shuffle/whole path from folders",
    "official_shuffle/whole path from archives",
    "official_shuffle/read as imagenet",
    "preprocess_validation/ok",
    "process_bounding_boxes/without_synsets",
    "reencoded/n02105855_2933.JPEG",
    "sharding/1281167 files, 8 threads, 1024 shards",
    "surprise.json",
  ]);
});

Deno.test("goldens schedules notices a rate that is off and a decay that should be refused", async () => {
  const failures = await failuresAfter("schedules", ["schedules.json"], async (directory) => {
    await replaceIn(`${directory}/schedules.json`, "[10000,0.008836]", "[10000,0.00883602]");
    await replaceIn(`${directory}/schedules.json`, '"decay_steps":26', '"decay_steps":0');
  });
  assertEquals(failures, ["60000 samples", "999 samples num_epochs_per_decay=0.35 batch_size=13"]);
});

Deno.test("goldens model_deploy notices a loss and a gradient that are off", async () => {
  const failures = await failuresAfter("model_deploy", ["model_deploy.json"], async (directory) => {
    const path = `${directory}/model_deploy.json`, all = JSON.parse(await Deno.readTextFile(path));
    all.cases = all.cases.slice(0, 2);
    all.cases[0].intermediate[1][1] *= 1.0001;
    all.cases[1].gradients["LeNet/fc4/biases"].values[3] += 1e-5;
    await Deno.writeTextFile(path, JSON.stringify(all));
  });
  assertEquals(failures, [
    "32 examples, weight decay 0.0005",
    "16 + 16 examples, weight decay 0.0005",
  ]);
});

Deno.test("goldens preprocessing notices a picture, a choice and a distribution that are off", async () => {
  const parts = [
    "manifest.json",
    "inputs",
    "vgg_pieces.json",
    "factory_map.json",
    "distorted_bounding_box.json",
  ];
  const failures = await failuresAfter("preprocessing", parts, async (directory) => {
    const path = `${directory}/manifest.json`, all = JSON.parse(await Deno.readTextFile(path));
    const kept = ["adjust_hue_0.npy", "inception_train_fixed_2.npy", "resize_area_r1_28x28.npy"];
    all.files = all.files.filter(({ file }: { file: string }) => kept.includes(file));
    for (const about of all.files) {
      await copy(`${fixtures}/preprocessing/${about.file}.gz`, `${directory}/${about.file}.gz`);
      if (about.value) about.value += 1e-4;
      if (about.flip) about.flip = false;
    }
    await Deno.writeTextFile(path, JSON.stringify(all));
    await replaceIn(`${directory}/vgg_pieces.json`, "[333,500,512,512,769]", "[333,500,512,512,768]");
    await replaceIn(`${directory}/factory_map.json`, '"vgg_16":"vgg"', '"vgg_16":"inception"');
    await replaceIn(`${directory}/distorted_bounding_box.json`, '"max_attempts":1}', '"max_attempts":2}');
  });
  assertEquals(failures, [
    "distorted_bounding_box/9",
    "factory_map.json",
    "adjust_hue_0.npy",
    "inception_train_fixed_2.npy",
    "vgg_pieces.json",
  ]);
});

Deno.test("goldens graphdef notices a node, a listing and a digest that are off", async () => {
  const files = ["lenet_inf_graph.pbtxt.gz", "lenet_inf_graph_b4_s32_training.pb.gz"];
  const listing = "lenet_inf_graph_b4_s32_training.pb.gz.nodes.json";
  const failures = await failuresAfter(
    "graphdef",
    [...files, listing, "exported.json"],
    async (directory) => {
      const text = await new Response(
        (await Deno.open(`${directory}/${files[0]}`)).readable.pipeThrough(new DecompressionStream("gzip")),
      ).text();
      await Deno.writeTextFile(`${directory}/lenet_inf_graph.pbtxt`, text.replace('s: "VALID"', 's: "SAME"'));
      await replaceIn(
        `${directory}/${listing}`,
        '"LeNet/dropout3/dropout/Mul","Mul"',
        '"LeNet/dropout3/Mul","Mul"',
      );
      await replaceIn(`${directory}/exported.json`, '"nodes":92,"sha256":"', '"nodes":92,"sha256":"0');
    },
  );
  assertEquals(failures, [
    "export cifarnet",
    "export lenet_inf_graph.pbtxt",
    "export lenet_inf_graph_b4_s32_training.pb.gz",
    "read lenet_inf_graph_b4_s32_training.pb.gz",
  ]);
});

Deno.test("goldens graphdef notices a summary, a frozen graph, outputs and labels that are off", async () => {
  const graph = "lenet48_rgb_inf_graph.pb.gz", summary = `${graph}.summary.txt`;
  const listing = "frozen_lenet48_rgb.pb.nodes.json", outputs = "frozen_outputs.json";
  const failures = await failuresAfter(
    "graphdef",
    [graph, "lenet_gray_inf_graph.pb.gz", summary, listing, "freeze_graph.json", outputs],
    async (directory) => {
      await replaceIn(`${directory}/${summary}`, "9 Identity", "8 Identity");
      await replaceIn(
        `${directory}/${listing}`,
        '"LeNet/fc4/weights","Const"',
        '"LeNet/fc4/weights","VariableV2"',
      );
      await replaceIn(`${directory}/${outputs}`, "0.050893717", "0.050913717");
    },
  );
  assertEquals(failures, [
    "freeze lenet48_rgb",
    "outputs of frozen_lenet48_rgb.pb",
    "summarize lenet48_rgb_inf_graph.pb.gz",
  ]);
});

Deno.test("goldens narrows by --only", async () => {
  const { status, lines } = await run("checkpoints", "--only=small_v2/contents");
  assertEquals(status, 0);
  assertEquals(lines.length, 2);
});

/** Copies a topic's fixtures, changes the copy, and returns the names of the cases that fail. */
async function failuresAfter(
  topic: string,
  parts: string[],
  change: (directory: string) => Promise<void>,
): Promise<string[]> {
  const directory = await Deno.makeTempDir();
  try {
    for (const part of parts) await copy(`${fixtures}/${topic}/${part}`, `${directory}/${part}`);
    await change(directory);
    const { status, lines } = await run(topic, `--goldens=${directory}`);
    assertEquals(status, 1);
    return lines.filter((line) => line.startsWith("FAIL")).map((line) => line.split("  ")[1].trim());
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  if ((await Deno.stat(from)).isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to);
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

async function replaceIn(path: string, from: string, to: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  assert(text.includes(from), `${path} has no ${from}`);
  await Deno.writeTextFile(path, text.replace(from, to));
}

Deno.test("goldens checkpoints fails on a wrong value, a wrong entry and an unknown file", async () => {
  const failures = await failuresAfter("checkpoints", ["small_v2", "state_files.json"], async (directory) => {
    await replaceIn(`${directory}/small_v2/contents.json`, "0.7836942", "0.7836943");
    await replaceIn(`${directory}/small_v2/raw_index.json`, "4043129714", "4043129715");
    await replaceIn(`${directory}/state_files.json`, "model.ckpt-10.index", "model.ckpt-11.index");
    await Deno.writeTextFile(`${directory}/surprise.json`, "{}");
  });
  assertEquals(failures, [
    "small_v2/contents.json",
    "small_v2/raw_index.json",
    "state_files/absolute_keep5",
    "surprise.json",
  ]);
});

Deno.test("goldens tfrecord fails on a wrong checksum, offset, feature and an unknown file", async () => {
  const failures = await failuresAfter("tfrecord", ["raw"], async (directory) => {
    await replaceIn(`${directory}/raw/crc32c_vectors.json`, "3251651376", "3251651377");
    await replaceIn(`${directory}/raw/corrupt.json`, "corrupted record at 33", "corrupted record at 34");
    await replaceIn(`${directory}/raw/examples.json`, "9007199254740993", "9007199254740992");
    await replaceIn(`${directory}/raw/parse_single_example.json`, "9007199254740993", "9007199254740992");
    await Deno.writeFile(`${directory}/raw/surprise.tfrecord`, new Uint8Array());
  });
  assertEquals(failures, [
    "raw/corrupt/bad_data_crc.tfrecord",
    "raw/crc32c_vectors.json",
    "raw/examples/0",
    "raw/parse_single_example/varlen",
    "raw/surprise.tfrecord",
  ]);
});

Deno.test("goldens tfrecord fails on another order, label, size, pixel or shuffle of converted data sets", async () => {
  const parts = ["cifar10", "flowers", "python_random_shuffle.json"];
  const failures = await failuresAfter("tfrecord", parts, async (directory) => {
    const path = `${directory}/flowers/contents.json`, contents = JSON.parse(await Deno.readTextFile(path));
    const [first, second] = contents.shards["flowers_validation_00000-of-00005.tfrecord"];
    [first["image/height"], second["image/height"]] = [second["image/height"], first["image/height"]];
    await Deno.writeTextFile(path, JSON.stringify(contents));
    await replaceIn(`${directory}/cifar10/contents.json`, "eab5a8f7", "eab5a8f8");
    await replaceIn(`${directory}/cifar10/labels.txt`, "3:cat", "3:dog");
    await replaceIn(`${directory}/python_random_shuffle.json`, "3626764237", "3626764238");
  });
  assertEquals(failures, [
    "cifar10/convert cifar-10-binary.tar.gz",
    "cifar10/convert cifar-10-python.tar.gz",
    "cifar10/cifar10_train.tfrecord",
    "flowers/convert flower_photos",
    "python_random_shuffle/seed 0",
  ]);
});

Deno.test("goldens events fails on a wrong value, limit, pixel or tag, and on unknown and missing files", async () => {
  const parts = [
    "v1.tfevents",
    "v1.tfevents.json",
    "v2.tfevents",
    "v2.tfevents.json",
    "eval_lenet48.tfevents.json",
    "histogram_bucket_limits.json",
    "image_summary_scaling.json",
  ];
  const failures = await failuresAfter("events", parts, async (directory) => {
    await replaceIn(`${directory}/v1.tfevents.json`, "0.4678847", "0.4678848");
    await replaceIn(`${directory}/v2.tfevents.json`, "1099511627776", "1099511627777");
    await replaceIn(`${directory}/histogram_bucket_limits.json`, "1.1000000000000002e-12", "1.1e-12");
    await replaceIn(
      `${directory}/image_summary_scaling.json`,
      '"decoded_uint8": [\n   54',
      '"decoded_uint8": [\n   53',
    );
    await Deno.writeTextFile(`${directory}/surprise.json`, "{}");
    const graph = {
      model: "lenet",
      dataset: "mnist",
      flags: {},
      model_variables: 8,
      losses: ["softmax_cross_entropy_loss/value"],
      regularization_losses: ["a", "b", "c", "d"],
      summaries: [{ kind: "ScalarSummary", tag: "total_loss" }],
    };
    await Deno.writeTextFile(`${directory}/train_graphs.json`, JSON.stringify([graph]));
  });
  assertEquals(failures, [
    "eval_lenet48.tfevents.json",
    "histogram_bucket_limits.json",
    "image_summary_scaling.json/float_signed",
    "surprise.json",
    "train_graphs.json/lenet mnist",
    "v1.tfevents",
    "v2.tfevents",
  ]);
});
