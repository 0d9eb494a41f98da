/** TF-Slim's own decoder reads our ImageNet records, and TensorFlow encodes JPEGs as we do. Needs WGSLIM_PYTHON; see _tensorflow.ts. */
// @ts-types="../../types/std_assert.d.ts"
import { assertEquals, assertMatch } from "@std/assert";
import { getDataset } from "../../datasets/dataset_factory.ts";
import { encodeJpeg } from "../../formats/jpeg_encode.ts";
import { denoFiles } from "../../host/files.ts";
import { uniforms } from "../../random/philox.ts";
import { toHex } from "../goldens/report.ts";
import { miniature, raw } from "../_imagenet.ts";
import { run, withFolder } from "../_tools.ts";
import { runPython, withJson } from "./_tensorflow.ts";

/** The records of a split as our data set gives them, in the words of the script. */
async function describeSplit(datasetDir: string, splitName: string) {
  const dataset = await getDataset({ name: "imagenet", splitName, datasetDir, files: denoFiles });
  return await Promise.all(Array.from({ length: dataset.numSamples }, async (_, i) => {
    const { label, height, width, channels, data, boxes = new Float32Array() } = await dataset.source.get(i);
    return {
      label,
      label_text: dataset.labelsToNames.get(label),
      shape: [height, width, channels],
      sha256: toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", data.slice()))),
      bbox: Array.from({ length: boxes.length / 4 }, (_, k) => [...boxes.subarray(4 * k, 4 * k + 4)]),
    };
  }));
}

Deno.test("TF-Slim's decoder reads our ImageNet records: pictures, labels, names and boxes", async () => {
  await withFolder(async (folder) => {
    const { code, stderr } = await run("download_and_convert_imagenet", [
      folder,
      `--from=${raw}`,
      ...miniature,
    ]);
    assertEquals(code, 0, stderr);
    const splits = {
      train: await describeSplit(folder, "train"),
      validation: await describeSplit(folder, "validation"),
    };
    await withJson(splits, async (file) => {
      assertEquals(await runPython("imagenet_interop.py", folder, file), "32 records are equal");
    });
  });
});

Deno.test("TensorFlow's encode_jpeg writes our bytes, whatever the size and the pixels", async () => {
  await withFolder(async (folder) => {
    const next = uniforms(7, 1), integer = (limit: number) => Math.floor(next() * limit);
    const pixels = [
      () => integer(256),
      () => 255 * integer(2),
      (i: number) => (i * i >> 5) + integer(9) & 255,
    ];
    for (let i = 0; i < 60; i++) {
      const height = 1 + integer(50), width = 1 + integer(50);
      const data = Uint8Array.from({ length: height * width * 3 }, (_, k) => pixels[i % 3](k));
      const path = `${folder}/${height}x${width}_${i}`;
      await Deno.writeFile(`${path}.rgb`, data);
      await Deno.writeFile(`${path}.jpg`, encodeJpeg({ data, height, width }));
    }
    assertMatch(await runPython("jpeg_encode_interop.py", folder), /^60 pictures, 0 differ/);
  });
});
