// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataLossError } from "../formats/errors.ts";
import { decodeEvent, decodeEvents, encodeEvent, type TfEvent } from "../formats/events/event.ts";
import { eventFileName, EventWriter } from "../formats/events/event_writer.ts";
import { histogramLimits, histogramOf } from "../formats/events/histogram.ts";
import { imageSummaries } from "../formats/events/image_summary.ts";
import {
  histogramSummary,
  scalarOf,
  scalarSummary,
  type SummaryValue,
  textSummary,
} from "../formats/events/summary.ts";
import { type Files, memoryFiles } from "../formats/files.ts";
import { decodePng } from "../formats/png.ts";
import { endOfTfRecords } from "../formats/tfrecord.ts";

const path = `run/${eventFileName(1795416653.9)}`;

/** What readers of a file in `files` get. */
const eventsIn = async (files: Files) => [...decodeEvents(await files.read(path), path)];

/** Opens a writer whose clock goes a second an event. */
function open(files: Files): Promise<EventWriter> {
  let seconds = 1795416653;
  return EventWriter.open(files, path, { now: () => 1000 * seconds++ });
}

/** Checks that an event comes back as it was. */
function checkEvent(event: TfEvent): void {
  assertEquals(decodeEvent(encodeEvent(event)), event);
}

/** Checks that a summary comes back as it was. */
function checkSummary(...values: SummaryValue[]): void {
  checkEvent({ wallTime: 0.5, step: 1, what: "summary", values });
}

Deno.test("eventFileName() is one that TensorBoard knows", () => {
  assertEquals(path, "run/events.out.tfevents.1795416653.wgslim");
  assertEquals(eventFileName(17, "host"), "events.out.tfevents.0000000017.host");
});

Deno.test("EventWriter begins a file with its version, and shows events once they are flushed", async () => {
  const files = memoryFiles(), writer = await open(files);
  assertEquals(await files.size(path), undefined);
  writer.addGraph(new Uint8Array([10, 0]));
  writer.addSession("START", 7);
  await writer.flush();
  writer.addSummary(7, [scalarSummary("loss", 0.5), histogramSummary("weights", [1, 2])]);
  assertEquals((await eventsIn(files)).length, 3);
  await writer.flush();
  writer.addSession("STOP", 8);
  await Promise.all([writer.flush(), writer.flush()]);
  await writer.flush();
  assertEquals(await eventsIn(files), [
    { wallTime: 1795416653, step: 0, what: "file_version", fileVersion: "brain.Event:2" },
    { wallTime: 1795416654, step: 0, what: "graph_def", graphDef: new Uint8Array([10, 0]) },
    { wallTime: 1795416655, step: 7, what: "session_log", status: "START", checkpointPath: "", message: "" },
    {
      wallTime: 1795416656,
      step: 7,
      what: "summary",
      values: [
        { tag: "loss", kind: "simple_value", simpleValue: 0.5 },
        { tag: "weights", kind: "histo", histogram: histogramOf("weights", [1, 2]) },
      ],
    },
    { wallTime: 1795416657, step: 8, what: "session_log", status: "STOP", checkpointPath: "", message: "" },
  ]);
});

Deno.test("EventWriter goes on behind the last whole record, wherever the file was cut", async () => {
  const whole = memoryFiles(), writer = await open(whole);
  writer.addSummary(1, [scalarSummary("loss", 1)]);
  writer.addSummary(2, [scalarSummary("loss", 2)]);
  await writer.flush();
  const bytes = await whole.read(path);
  for (let size = 0; size <= bytes.length; size++) {
    const cut = bytes.subarray(0, size), files = memoryFiles({ [path]: cut });
    const before = [...decodeEvents(cut.subarray(0, endOfTfRecords(cut)))];
    const next = await open(files);
    next.addSummary(3, [scalarSummary("loss", 3)]);
    await next.flush();
    const steps = (await eventsIn(files)).map((event) => [event.what, event.step]);
    const expected = before.length > 0 ? before.map((e) => [e.what, e.step]) : [["file_version", 0]];
    assertEquals(steps, [...expected, ["summary", 3]]);
  }
});

Deno.test("EventWriter.flush() keeps events for the next time if the disk is full", async () => {
  const plain = memoryFiles();
  let isFull = true;
  const files: Files = {
    ...plain,
    async append(path, bytes) {
      if (isFull) throw new Error("the disk is full");
      await plain.append(path, bytes);
    },
  };
  const writer = await open(files);
  writer.addSummary(1, [scalarSummary("loss", 1)]);
  await assertRejects(() => writer.flush(), Error, "the disk is full");
  isFull = false;
  writer.addSummary(2, [scalarSummary("loss", 2)]);
  await writer.flush();
  assertEquals((await eventsIn(plain)).map(({ step }) => step), [0, 1, 2]);
});

Deno.test("decodeEvents() gives all events before a cut, then says where it is", async () => {
  const files = memoryFiles(), writer = await open(files);
  writer.addSummary(1, [scalarSummary("loss", 1)]);
  await writer.flush();
  const bytes = await files.read(path), events: TfEvent[] = [];
  const error = assertThrows(() => {
    for (const event of decodeEvents(bytes.subarray(0, -1), path)) events.push(event);
  }, DataLossError);
  assertEquals(events.map(({ what }) => what), ["file_version"]);
  assertEquals([error.path, error.record], [path, 1]);
});

Deno.test("decodeEvent() refuses what is no event", () => {
  assertThrows(
    () => decodeEvent(new Uint8Array([0xff, 0xff])),
    SyntaxError,
    "Cannot decode an event of 2 bytes",
  );
  assertThrows(
    () => decodeEvent(new Uint8Array([0x3a, 2, 8, 9])),
    SyntaxError,
    "status of its session is unknown",
  );
  const tensorOfUnknownType = new Uint8Array([0x2a, 6, 10, 4, 0x42, 2, 8, 20]);
  assertThrows(() => decodeEvent(tensorOfUnknownType), SyntaxError, "unknown data type 20");
  const tensorWithoutValue = new Uint8Array([0x2a, 6, 10, 4, 0x42, 2, 8, 1]);
  assertThrows(() => decodeEvent(tensorWithoutValue), SyntaxError, "a tensor of shape [] has 0 values");
});

Deno.test("events of every content come back as they were", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  checkEvent({ wallTime: 0, step: 0, what: "nothing" });
  checkEvent({ wallTime: 1.25, step: 0, writer: "me", what: "file_version", fileVersion: "brain.Event:2" });
  checkEvent({ wallTime: 1.25, step: 3, what: "meta_graph_def", metaGraphDef: bytes });
  checkEvent({ wallTime: 1.25, step: 3, what: "other", field: 8, bytes });
  checkEvent({
    wallTime: 1,
    step: 5,
    what: "session_log",
    status: "CHECKPOINT",
    checkpointPath: "é/x",
    message: "m",
  });
});

Deno.test("steps are exact up to 2^53, and refused beyond", () => {
  for (const step of [2 ** 31, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER, -1]) {
    checkEvent({ wallTime: 0, step, what: "nothing" });
  }
  for (const step of [2 ** 53, 0.5, NaN]) {
    assertThrows(() => encodeEvent({ wallTime: 0, step, what: "nothing" }), RangeError, `of step ${step}`);
  }
  const beyond = new Uint8Array([0x10, ...Array(8).fill(0xff), 0x7f]); // 2^63 - 1
  assertThrows(() => decodeEvent(beyond), SyntaxError, "its step 9223372036854775807 is beyond 2^53");
});

Deno.test("summaries of every kind come back as they were", () => {
  const metadata = {
    pluginName: "scalars",
    pluginContent: new Uint8Array([8, 1]),
    displayName: "größe",
    description: "*of* 箱",
    dataClass: 1,
  };
  checkSummary();
  checkSummary({ tag: "verlust/größe 損失 🎉", kind: "simple_value", simpleValue: 0 });
  checkSummary(textSummary("note", "größer"), scalarSummary("b", -0), { tag: "c", kind: "nothing" });
  checkSummary({ tag: "audio", kind: "other", field: 6, bytes: new Uint8Array([1]) });
  checkSummary({
    tag: "t",
    metadata,
    kind: "tensor",
    tensor: { dtype: "float64", shape: [2, 0, 3], data: new Float64Array() },
  });
  checkSummary({
    tag: "t",
    metadata,
    kind: "tensor",
    tensor: { dtype: "string", shape: [2], data: [new Uint8Array(), new Uint8Array([255])] },
  });
});

Deno.test("decodeEvent() takes a tensor's values from the field of their type as well", () => {
  // A scalar 0.5 as float_val, as TensorBoard's own writer has it.
  const value = [0x42, 10, 8, 1, 0x12, 0, 0x2a, 4, 0, 0, 0, 0x3f, 0x4a, 11, 10, 9, 10, 7];
  const record = new Uint8Array([0x2a, 27, 10, 25, ...value, ...new TextEncoder().encode("scalars")]);
  const event = decodeEvent(record);
  assert(event.what === "summary");
  assertEquals(event.values.map(scalarOf), [0.5]);
});

Deno.test("scalarOf() gives numbers of either form and nothing else", () => {
  for (const value of [0.1, NaN, Infinity, 1e39]) {
    const summary = decodeSummaryOf(scalarSummary("loss", value));
    assertEquals(scalarOf(summary), Math.fround(value));
  }
  assertEquals(scalarOf(textSummary("note", "1")), undefined);
  assertEquals(scalarOf(histogramSummary("weights", [1])), undefined);
});

/** A summary as it is read again. */
function decodeSummaryOf(value: SummaryValue): SummaryValue {
  const event = decodeEvent(encodeEvent({ wallTime: 0, step: 0, what: "summary", values: [value] }));
  assert(event.what === "summary");
  return event.values[0];
}

Deno.test("histogramOf() puts a value equal to a limit into the bucket above, and the largest double into the last", () => {
  for (const at of [0, 700, 775, 776, 1549, 1550]) {
    const { bucketLimit, bucket } = histogramOf("x", [histogramLimits[at]]);
    assertEquals(bucketLimit[bucket.indexOf(1)], histogramLimits[Math.min(at + 1, 1550)]);
  }
});

Deno.test("histogramOf() names the tag and the place of a value that is not finite", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    assertThrows(
      () => histogramOf("LeNet/größe", [1, 2, value]),
      RangeError,
      `Cannot make the histogram "LeNet/größe": value 2 of 3 is ${value}; look for`,
    );
  }
});

/** Tags and pixels of image summaries. */
function picturesOf(values: SummaryValue[]): [string, number[]][] {
  return values.map((value) => {
    assert(value.kind === "image");
    return [value.tag, [...decodePng(value.image.png).data]];
  });
}

Deno.test("imageSummaries() takes the first pictures and scales each for itself", () => {
  const shape = [3, 1, 2, 1] as const, data = new Float32Array([1, 2, -4, 2, 0, 1e-7]);
  assertEquals(picturesOf(imageSummaries("a", { shape, data }, 2)), [
    ["a/image/0", [127, 255]],
    ["a/image/1", [1, 191]],
  ]);
  assertEquals(picturesOf(imageSummaries("a", { shape, data })).at(-1), ["a/image/2", [0, 0]]);
  assertEquals(picturesOf(imageSummaries("a", { shape, data }, 1)), [["a/image", [127, 255]]]);
});

Deno.test("imageSummaries() leaves bytes as they are, and paints the whole of a pixel that is not finite", () => {
  const bytes = { shape: [1, 1, 1, 4] as const, data: new Uint8Array([1, 2, 3, 4]) };
  assertEquals(picturesOf(imageSummaries("a", bytes, 1)), [["a/image", [1, 2, 3, 4]]]);
  const floats = { shape: [1, 2, 1, 3] as const, data: new Float32Array([9, NaN, 9, 0, 1, 2]) };
  assertEquals(picturesOf(imageSummaries("a", floats, 1)), [["a/image", [255, 0, 0, 0, 127, 255]]]);
  const nothing = { shape: [1, 1, 1, 1] as const, data: new Float32Array([-Infinity]) };
  assertEquals(picturesOf(imageSummaries("a", nothing, 1)), [["a/image", [255]]]);
});

Deno.test("imageSummaries() refuses shapes that do not fit", () => {
  const data = new Uint8Array(8);
  assertThrows(() => imageSummaries("a", { shape: [1, 2, 2, 2], data }), TypeError, "1, 3 or 4 channels");
  assertThrows(() => imageSummaries("a", { shape: [1, 2, 2, 1], data }), TypeError, "from 8 values");
  assertThrows(() => imageSummaries("a", { shape: [2, 2, 2, 1], data }, 0), RangeError, "ask for 1 or more");
});
