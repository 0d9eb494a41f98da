/** Decoding in workers: the same pictures, the same errors, whatever becomes of the workers. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeHere, decodePicture } from "../datasets/decode_picture.ts";
import { DecodePool } from "../datasets/decode_pool.ts";
import { DataLossError } from "../formats/errors.ts";

const read = (name: string) => Deno.readFileSync(new URL(`fixtures/jpeg/${name}`, import.meta.url));
const colored = read("base_420_q75.jpg"),
  progressive = read("prog_420_q85.jpg"),
  cut = read("base_420_q95.jpg").slice(0, -900);
const whole = decodePicture(colored, { channels: 3 });

/** Starts a worker that crashes on its first picture. */
function crashingWorker(): Worker {
  const code =
    `postMessage("ready"); onmessage = () => setTimeout(() => { throw new Error("out of luck"); });`;
  return new Worker(`data:application/javascript,${encodeURIComponent(code)}`, { type: "module" });
}

function decodingWorker(): Worker {
  return new Worker(new URL("../datasets/decode_worker.ts", import.meta.url), { type: "module" });
}

/** A worker that answers when it is told to. */
class SlowWorker {
  static all: SlowWorker[] = [];
  onmessage!: (event: { data: unknown }) => void;
  onerror!: (event: ErrorEvent) => void;
  tasks = 0;
  isEnded = false;

  constructor() {
    SlowWorker.all.push(this);
  }

  postMessage(): void {
    this.tasks++;
  }

  answer(): void {
    this.tasks--;
    this.onmessage({ data: { picture: whole } });
  }

  terminate(): void {
    this.isEnded = true;
  }
}

/** A worker that ends with an error when it is given a picture; if it was loaded at all. */
class BadWorker extends SlowWorker {
  constructor(isLoaded: boolean) {
    super();
    if (isLoaded) queueMicrotask(() => this.onmessage({ data: "ready" }));
  }

  override postMessage(): void {
    setTimeout(() => this.onerror(new ErrorEvent("error", { message: "out of luck" })));
  }
}

const badWorker = (isLoaded: boolean) => () => new BadWorker(isLoaded) as unknown as Worker;

Deno.test("DecodePool gives what decodePicture() gives, boxes and errors included, and leaves the bytes alone", async () => {
  using pool = new DecodePool({ workers: 2 });
  const box = { x: 40, y: 3, width: 30, height: 50 };
  const pictures = await Promise.all([
    pool.decode(colored, { channels: 3 }),
    pool.decode(progressive, { channels: 1 }),
    pool.decode(colored, { channels: 3, box }),
    pool.decode(read("exif_orientation_6.jpg"), { channels: 3, orientation: true }),
    pool.decode(read("rgb.png"), { channels: 1 }),
  ]);
  assertEquals(pictures, [
    whole,
    decodePicture(progressive, { channels: 1 }),
    decodePicture(colored, { channels: 3, box }),
    decodePicture(read("exif_orientation_6.jpg"), { channels: 3, orientation: true }),
    decodePicture(read("rgb.png"), { channels: 1 }),
  ]);
  assertEquals(pool.workers, 2);
  const filler = new Uint8Array(5000);
  for (
    const [bytes, kind, message] of [
      [cut, DataLossError, "Cannot decode a JPEG: the file ends too early"],
      [filler, TypeError, "it is of no kind that is known"],
      [filler.subarray(0, 0), TypeError, "it is empty"],
    ] as const
  ) {
    await assertRejects(() => pool.decode(bytes, { channels: 3 }), kind, message);
    assertThrows(() => decodePicture(bytes, { channels: 3 }), kind, message);
  }
  assertEquals(colored, read("base_420_q75.jpg"));
});

Deno.test("DecodePool decodes on the calling thread where workers cannot be made or loaded", async () => {
  const ways: [number, (() => Worker) | undefined][] = [
    [0, undefined],
    [2, () => {
      throw new Error("no workers here");
    }],
    [2, badWorker(false)],
  ];
  for (const [workers, startWorker] of ways) {
    using pool = new DecodePool({ workers, startWorker });
    const all = await Promise.all([1, 2, 3].map(() => pool.decode(colored, { channels: 3 })));
    assertEquals(all, [whole, whole, whole]);
    await assertRejects(() => pool.decode(cut, { channels: 3 }), DataLossError);
    assertEquals(pool.workers, 0);
  }
});

Deno.test("DecodePool replaces workers that crash and decodes anew what they had", async () => {
  let started = 0;
  using pool = new DecodePool({
    workers: 2,
    startWorker: () => started++ < 2 ? crashingWorker() : decodingWorker(),
  });
  const all = await Promise.all(Array.from({ length: 9 }, () => pool.decode(colored, { channels: 3 })));
  for (const picture of all) assertEquals(picture, whole);
  assertEquals([started, pool.workers], [4, 2]);
});

Deno.test("DecodePool gives a picture up that crashes workers again and again", async () => {
  using pool = new DecodePool({ workers: 1, startWorker: badWorker(true) });
  const { message } = await assertRejects(() => pool.decode(colored, { channels: 3 }), DataLossError);
  assert(message.includes("it crashed 2 workers (") && message.includes("out of luck"), message);
});

Deno.test("DecodePool gives workers two pictures at a time, and the others as they answer; close() gives up the rest", async () => {
  SlowWorker.all = [];
  const pool = new DecodePool({ workers: 2, startWorker: () => new SlowWorker() as unknown as Worker });
  const wanted = Array.from({ length: 7 }, () => pool.decode(colored, { channels: 3 }));
  const tasks = () => SlowWorker.all.map((worker) => worker.tasks);
  assertEquals(tasks(), [2, 2]);
  SlowWorker.all[1].answer();
  assertEquals(tasks(), [2, 2]);
  for (let i = 0; i < 2; i++) SlowWorker.all[0].answer();
  assertEquals(tasks(), [2, 2]);
  SlowWorker.all[1].answer();
  assertEquals(tasks(), [2, 1]);
  pool.close();
  const results = await Promise.allSettled(wanted);
  assertEquals(results.filter(({ status }) => status === "fulfilled").length, 4);
  assert(
    results.every((one) =>
      one.status === "fulfilled" || /pool of decoders was closed/.test(one.reason.message)
    ),
  );
  await assertRejects(() => pool.decode(colored, { channels: 3 }), Error, "was closed");
  assert(SlowWorker.all.every((worker) => worker.isEnded));
});

Deno.test("DecodePool refuses a number of workers that is none", () => {
  assertThrows(() => new DecodePool({ workers: -1 }), RangeError, "Cannot decode with -1 workers");
});

Deno.test("decodePicture() says what a file is that is no JPEG or PNG, whatever its name", async () => {
  const text = (start: string) => new TextEncoder().encode(start + " ".repeat(20));
  const cases: [Uint8Array, string][] = [
    [text("GIF89a"), "it is a GIF"],
    [text("BM"), "it is a BMP"],
    [text("RIFF1234WEBP"), "it is a WEBP"],
    [text("<!DOCTYPE html><html>404"), "it is a page in HTML, such as servers send for files that they lack"],
    [text("  <html lang=en>"), "it is a page in HTML"],
    [text('<?xml version="1.0"?><svg>'), "it is XML or SVG"],
    [text("hello"), "it is of no kind that is known"],
    [new Uint8Array(), "it is empty"],
  ];
  for (const [bytes, what] of cases) {
    await assertRejects(
      () => decodeHere(bytes, { channels: 3 }),
      TypeError,
      `Cannot decode the picture: ${what}`,
    );
  }
});

Deno.test("decodePicture() cuts boxes out of PNGs", () => {
  const { data, width } = decodePicture(read("rgb.png"), { channels: 3 });
  const part = decodePicture(read("rgb.png"), { channels: 3, box: { x: 5, y: 7, width: 4, height: 2 } });
  assertEquals([part.width, part.height], [4, 2]);
  for (const row of [0, 1]) {
    const from = 3 * ((7 + row) * width + 5);
    assertEquals(part.data.subarray(12 * row, 12 * row + 12), data.subarray(from, from + 12));
  }
});
