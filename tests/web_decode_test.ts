/** The decode pool in headless Chromium: the browser's workers give the same pixels as Deno's main thread. */
// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { decodePicture } from "../datasets/decode_picture.ts";
import { crc32 } from "../formats/crc32.ts";
import { missingChromium, withPage } from "./_chromium.ts";

/** On a server that tests every change, a missing browser is a failure. */
const ignore = missingChromium() !== null && !Deno.env.has("CI");

async function bundle(module: string): Promise<string> {
  const entry = decodeURIComponent(new URL(module, import.meta.url).pathname);
  const args = ["bundle", "--quiet", "--platform=browser", entry];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test({
  name: "DecodePool decodes in a browser's workers as decodePicture() does in Deno",
  ignore,
  fn: async () => {
    const scripts: Record<string, string> = {
      "/page.js": await bundle("_decode_page.ts"),
      "/worker.js": await bundle("../datasets/decode_worker.ts"),
    };
    const html = "<!doctype html><link rel=icon href=data:,><script type=module src=/page.js></script>";
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const script = scripts[new URL(request.url).pathname], type = script ? "javascript" : "html";
      return new Response(script ?? html, { headers: { "content-type": `text/${type}` } });
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
