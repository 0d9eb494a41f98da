/** The decode pool in headless Chromium: the browser's workers give the same pixels as Deno's main thread. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { decodePicture } from "../datasets/decode_picture.ts";
import { crc32 } from "../formats/crc32.ts";
import { bundle, serveScripts } from "./_bundled_page.ts";
import { missingChromium, withPage } from "./_chromium.ts";

/** On a server that tests every change, a missing browser is a failure. */
const ignore = missingChromium() !== null && !Deno.env.has("CI");

Deno.test({
  name: "DecodePool decodes in a browser's workers as decodePicture() does in Deno",
  ignore,
  fn: async () => {
    await using server = serveScripts({
      "/page.js": await bundle(new URL("_decode_page.ts", import.meta.url)),
      "/worker.js": await bundle(new URL("../datasets/decode_worker.ts", import.meta.url)),
    });
    const names = ["base_420_q75.jpg", "prog_444_q50.jpg", "cmyk_q90.jpg", "q100_444.jpg", "rgba.png"];
    const files = names.map((name) => Deno.readFileSync(new URL(`fixtures/jpeg/${name}`, import.meta.url)));
    const expected = files.map((file) => crc32(decodePicture(file, { channels: 3 }).data));
    const cut = files[0].subarray(0, -100);
    await withPage(async (page) => {
      await page.goto(`http://127.0.0.1:${server.addr.port}`);
      const texts = [...files, cut].map((file) => file.toBase64());
      const { results, workers } = await page.evaluate<{ results: (number | string)[]; workers: number }>(
        `decodeAll(${JSON.stringify(texts)})`,
      );
      const error =
        `DataLossError: Cannot decode a JPEG: the file ends too early (at byte ${cut.length}); replace the image`;
      assertEquals(results, [...expected, error]);
      assertEquals(workers, 2);
    });
  },
});
