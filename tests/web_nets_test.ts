/** Big nets at their default size in headless Chromium, compared with TF-Slim's numbers. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals, assertMatch } from "@std/assert";
import { getNet } from "../nets/nets_factory.ts";
import { missingChromium } from "./_chromium.ts";
import { withNetPage } from "./goldens/_net_browser.ts";
import type { NetFile } from "./goldens/_net_file.ts";
import { readText } from "./goldens/report.ts";

/** On a server that tests every change, a missing browser is a failure. */
const ignore = missingChromium() !== null && !Deno.env.has("CI");

Deno.test({
  name: "ResNet-50 and Inception V3 at their default size evaluate in the browser as in TF-Slim",
  ignore,
  fn: async () => {
    await withNetPage(async (compare) => {
      for (const name of ["resnet_v1_50", "inception_v3"]) {
        const path = decodeURIComponent(new URL(`fixtures/nets/${name}.json.gz`, import.meta.url).pathname);
        const { train: _, ...file } = JSON.parse(await readText(path)) as NetFile;
        assertEquals(file.eval.image_size, getNet(name).defaultImageSize);
        const { error, tolerance, detail = "" } = await compare(JSON.stringify(file));
        assertMatch(detail, /swiftshader|google/i);
        assert(error <= tolerance, `${name}: error ${error}, tolerance ${tolerance}: ${detail}`);
      }
    });
  },
});
