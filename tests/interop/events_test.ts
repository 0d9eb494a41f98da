/** TensorBoard shows the event files that this project writes. Needs WGSLIM_PYTHON; see _tensorflow.ts. */

// @ts-types="../../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { eventFileName, EventWriter } from "../../formats/events/event_writer.ts";
import { histogramOf } from "../../formats/events/histogram.ts";
import { imageSummaries } from "../../formats/events/image_summary.ts";
import { histogramSummary, scalarSummary, textSummary } from "../../formats/events/summary.ts";
import { denoFiles } from "../../host/files.ts";
import { toHex } from "../goldens/report.ts";
import { runPython } from "./_tensorflow.ts";

Deno.test("TensorBoard shows every kind of summary, and of a resumed run each step once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const weights = Float32Array.from({ length: 100 }, (_, i) => Math.sin(i));
    const pictures = Float32Array.from({ length: 2 * 4 * 5 * 3 }, (_, i) => i - 30);
    const images = imageSummaries("picture", { shape: [2, 4, 5, 3], data: pictures });
    const first = await EventWriter.open(denoFiles, `${folder}/${eventFileName(1795416653)}`);
    first.addSession("START", 0);
    for (const step of [0, 1, 2]) first.addSummary(step, [scalarSummary("loss/größe", 10 + step)]);
    await first.flush();
    const killed = await denoFiles.read(first.path);
    await denoFiles.write(first.path, [killed, killed.subarray(0, 20)]);

    const second = await EventWriter.open(denoFiles, `${folder}/${eventFileName(1795416654)}`);
    second.addSession("START", 2);
    second.addSummary(2, [scalarSummary("loss/größe", 20), histogramSummary("weights", weights), ...images]);
    second.addSummary(3, [scalarSummary("loss/größe", NaN)]);
    second.addSummary(2 ** 40, [textSummary("note", "*größer*")]);
    second.addSession("STOP", 3);
    await second.flush();

    const { min, max, num, sum, bucketLimit, bucket } = histogramOf("weights", weights);
    const shownImages = images.map((value) => {
      assert(value.kind === "image");
      return [value.tag, [[2, 5, 4, toHex(value.image.png)]]];
    });
    assertEquals(JSON.parse(await runPython("events_interop.py", folder)), {
      scalars: { "loss/größe": [[0, 10], [1, 11], [2, 20], [3, "nan"]] },
      histograms: { weights: [[2, min, max, num, sum, bucketLimit, bucket]] },
      images: Object.fromEntries(shownImages),
      texts: { note: [[2 ** 40, "*größer*"]] },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
