// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { defineFlags, HelpRequest, UsageError } from "../tools/_flags.ts";

const flags = defineFlags("Trains a net.", {
  train_dir: { type: "path", required: true, help: "Where checkpoints go" },
  batch_size: { type: "int", default: 32, min: 1, max: 4096, help: "Images per step", group: "Training" },
  learning_rate: { type: "float", default: 0.01, min: 0, help: "First learning rate", group: "Training" },
  offset: { type: "int", help: "Any integer" },
  shift: { type: "float", help: "Any number" },
  optimizer: {
    type: "choice",
    choices: ["sgd", "adam"],
    default: "sgd",
    help: "Update rule",
    group: "Training",
  },
  augment: { type: "boolean", default: true, help: "Flip images" },
  quiet: { type: "boolean", help: "Print less" },
  trainable_scopes: { type: "list", help: "Scopes to train" },
  colors: { type: "list", choices: ["red", "blue"], help: "Some of two" },
  note: { type: "string", default: "", help: "Free text" },
});

const parse = (...args: string[]) => flags.parse(["--train_dir=run", ...args]);

function assertUsage(args: string[], message: string): void {
  const error = assertThrows(() => parse(...args), UsageError);
  assertEquals(error.message, message);
}

Deno.test("parse() fills in defaults, with types", () => {
  const values = parse();
  const typed: {
    train_dir: string;
    batch_size: number;
    optimizer: "sgd" | "adam";
    offset: number | undefined;
  } = values;
  assertEquals(typed.train_dir, "run");
  assertEquals({ ...values, _: [...values._] }, {
    train_dir: "run",
    batch_size: 32,
    learning_rate: 0.01,
    offset: undefined,
    shift: undefined,
    optimizer: "sgd",
    augment: true,
    quiet: false,
    trainable_scopes: undefined,
    colors: undefined,
    note: "",
    _: [],
  });
});

Deno.test("parse() takes =, a space, hyphens and one dash, and the last of several", () => {
  assertEquals(parse("--batch_size=8").batch_size, 8);
  assertEquals(parse("--batch_size", "9").batch_size, 9);
  assertEquals(parse("--batch-size=10").batch_size, 10);
  assertEquals(parse("-batch_size=11").batch_size, 11);
  assertEquals(parse("--batch_size=8", "--batch-size", "12").batch_size, 12);
  assertEquals(parse("--note=a=b").note, "a=b");
  assertEquals(parse("--note=").note, "");
});

Deno.test("parse() reads booleans in every spelling", () => {
  for (const text of ["--quiet", "--quiet=true", "--quiet=1", "--quiet=True", "--quiet=t"]) {
    assertEquals(parse(text).quiet, true, text);
  }
  for (const text of ["--noaugment", "--no-augment", "--augment=false", "--augment=0", "--augment=F"]) {
    assertEquals(parse(text).augment, false, text);
  }
  assertEquals(parse("--augment", "false").augment, false);
  assertUsage(["--augment=2"], "Cannot use --augment=2: it takes true or false");
  assertUsage(
    ["--noaugment=1"],
    "Cannot use --noaugment=1: --noaugment takes no value; write --augment=false",
  );
});

Deno.test("parse() reads integers and numbers strictly", () => {
  assertEquals(parse("--offset=0x10").offset, 16);
  assertEquals(parse("--offset", "-3").offset, -3);
  assertEquals(parse("--offset=-0x10").offset, -16);
  assert(Object.is(parse("--offset=-0").offset, 0));
  assertEquals(parse("--shift=-1.5e-3").shift, -0.0015);
  assertEquals(parse("--shift=.5").shift, 0.5);
  for (const text of ["abc", "1.5", "1e3", "", " 1", "1_000", "9007199254740993", "NaN"]) {
    assertUsage([`--offset=${text}`], `Cannot use --offset=${text}: it takes an integer`);
  }
  for (const text of ["abc", "NaN", "inf", "1e999", "1,5", "0x1p3"]) {
    assertUsage([`--shift=${text}`], `Cannot use --shift=${text}: it takes a number`);
  }
});

Deno.test("parse() holds bounds and choices", () => {
  assertUsage(["--batch_size=0"], "Cannot use --batch_size=0: it takes an integer from 1 to 4096");
  assertUsage(["--learning_rate=-1"], "Cannot use --learning_rate=-1: it takes a number from 0");
  assertUsage(["--optimizer=adan"], "Cannot use --optimizer=adan: it takes one of sgd, adam");
  assertEquals(parse("--trainable_scopes=a/b, c,,d").trainable_scopes, ["a/b", "c", "d"]);
  assertEquals(parse("--colors=blue,red").colors, ["blue", "red"]);
  const two = "it takes words separated by commas out of red, blue";
  assertUsage(["--colors=blue,green"], `Cannot use --colors=blue,green: ${two}`);
});

Deno.test("parse() names the nearest flag, the missing value and the missing flag", () => {
  assertUsage(
    ["--learnin-rate=1"],
    "Cannot use --learnin-rate: there is no such flag; did you mean --learning_rate?",
  );
  assertThrows(() => parse("--toString"), UsageError, "Cannot use --toString: there is no such flag");
  assertUsage(["--batch_size"], "Cannot use --batch_size: it has no value; give an integer from 1 to 4096");
  assertUsage(["--note", "--quiet"], "Cannot use --note: it has no value; give text");
  assertUsage(["--train_dir="], "Cannot use --train_dir=: it takes a path");
  const error = assertThrows(() => flags.parse([]), UsageError);
  assertEquals(error.message, "Cannot run without --train_dir (Where checkpoints go); see --help");
});

Deno.test("parse() refuses arguments unless they are declared", () => {
  assertUsage(["run2"], "Cannot use argument run2: this tool takes flags only; see --help");
  const predict = defineFlags("Predicts.", {}, { name: "IMAGE", help: "A picture", min: 1, max: 2 });
  assertEquals(predict.parse(["a.jpg", "--", "--b.jpg"])._, ["a.jpg", "--b.jpg"]);
  assertThrows(() => predict.parse([]), UsageError, "Cannot run without IMAGE (A picture)");
  assertThrows(() => predict.parse(["a", "b", "c"]), UsageError, "at most 2 IMAGE can be given");
});

Deno.test("help() lists groups, defaults and bounds, and --help asks for it before anything is missing", () => {
  const error = assertThrows(() => flags.parse(["--help"]), HelpRequest);
  assertEquals(error.message, flags.help());
  assertMatch(
    flags.help(),
    /^Training:\n {2}--batch_size=INT +Images per step \(an integer from 1 to 4096; default 32\)$/m,
  );
  assertMatch(flags.help(), /--\[no\]quiet +Print less \(default false\)$/m);
  assertMatch(flags.help(), /--optimizer=CHOICE +Update rule \(one of sgd, adam; default sgd\)$/m);
});

Deno.test("parse() answers a retired flag once and goes on, refuses what it would ask for, and gives it no value", () => {
  const old = defineFlags("T.", {
    threads: { type: "retired", help: "images are decoded by the reader" },
    master: { type: "retired", neutral: "", help: "give --adapter" },
    quantize: { type: "retired", neutral: "false", help: "give --precision=f16" },
    n: { type: "int", help: "N" },
  });
  const { error } = console, notes: string[] = [];
  console.error = (note: string) => notes.push(note);
  try {
    for (const again of ["8", "9"]) {
      const args = [`--threads=${again}`, "--master", "", "--noquantize", "--quantize=False", "--n=1"];
      const values: { n: number | undefined } = old.parse(args);
      assertEquals({ ...values }, { n: 1, _: [] } as object);
    }
    old.parse([]);
  } finally {
    console.error = error;
  }
  assertEquals(notes, [
    "Passing over --threads: images are decoded by the reader",
    "Passing over --master: give --adapter",
    "Passing over --quantize: give --precision=f16",
  ]);
  for (
    const [args, message] of [
      [["--master=grpc://host"], "Cannot use --master=grpc://host: give --adapter"],
      [["--quantize", "--n=1"], "Cannot use --quantize=true: give --precision=f16"],
    ] as const
  ) assertEquals(assertThrows(() => old.parse(args), UsageError).message, message);
  assertMatch(
    old.help(),
    /^Known, but without a use here:\n {2}--threads +images are decoded by the reader$/m,
  );
});

/** Runs a small tool in its own process, once for each list of arguments. */
async function runScript(body: string, argumentLists: string[][], env: Record<string, string> = {}) {
  const address = new URL("../tools/_flags.ts", import.meta.url).href;
  const source = `import { defineFlags, runTool } from ${JSON.stringify(address)};
    const flags = defineFlags("T.", { n: { type: "int", help: "N" } });
    await runTool((args) => { const values = flags.parse(args); ${body} });`;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, source);
    return await Promise.all(argumentLists.map(async (list) => {
      const args = ["run", "--no-check", "--allow-env=WGSLIM_DEBUG", file, ...list];
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env }).output();
      return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
    }));
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("runTool() exits 0, 1 or 2, and prints one message", async () => {
  const body = `if (values.n === 3) return 3; if (values.n) throw new RangeError("Cannot count");`;
  const lists = [[], ["--n=3"], ["--n=1"], ["--m=1"], ["--help"]];
  const [fine, third, failed, usage, help] = await runScript(body, lists, { WGSLIM_DEBUG: "" });
  assertEquals([fine.code, third.code, failed.code, usage.code, help.code], [0, 3, 1, 2, 0]);
  assertEquals(failed.stderr, "Cannot count\n");
  assertEquals(usage.stderr, "Cannot use --m: there is no such flag; did you mean --n?\n");
  assertMatch(help.stdout, /--n=INT +N\n/);
});

Deno.test("runTool() prints the stack with WGSLIM_DEBUG=1", async () => {
  const [failed] = await runScript(`throw new Error("Cannot go on");`, [[]], { WGSLIM_DEBUG: "1" });
  assertMatch(failed.stderr, /Cannot go on\n +at /);
});
