/** TensorFlow reads the records, examples and pictures that this project writes. Needs WGSLIM_PYTHON; see _tensorflow.ts. */

import {
  bytesFeature,
  encodeExample,
  type Feature,
  floatFeature,
  int64Feature,
} from "../../formats/example.ts";
import { encodePng } from "../../formats/png.ts";
import { encodeTfRecords } from "../../formats/tfrecord.ts";
import { denoFiles } from "../../host/files.ts";
import { toHex } from "../goldens/report.ts";
import { runPython } from "./_tensorflow.ts";

function describe(feature: Feature) {
  switch (feature.kind) {
    case "bytes":
      return { kind: "bytes_list", values: feature.value.map(toHex) };
    case "float":
      return { kind: "float_list", values: toHex(new Uint8Array(feature.value.buffer)) };
    case "int64":
      return { kind: "int64_list", values: feature.value.map(String) };
    case null:
      return { kind: null, values: null };
  }
}

for (const compression of ["", "GZIP", "ZLIB"] as const) {
  Deno.test(`TensorFlow reads records, examples and pictures: ${compression || "plain"}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const records: Uint8Array[] = [], expected = [];
      for (let i = 0; i < 40; i++) {
        const channels = 1 + i % 4, width = 1 + i % 13, height = 1 + i % 7;
        const data = Uint8Array.from(
          { length: width * height * channels },
          (_, k) => (k * k * (i + 1)) >> 2 & 0xff,
        );
        const features: Record<string, Feature> = {
          "image/encoded": bytesFeature(encodePng({ width, height, channels, data })),
          "image/class/label": int64Feature(i, -i, 2n ** 62n),
          "ключ": floatFeature(i / 3, -0, Infinity, NaN),
          nothing: { kind: null },
          empty: int64Feature(),
          texts: bytesFeature("", "ü", new Uint8Array(i)),
        };
        records.push(encodeExample(features));
        const described = Object.entries(features).map(([name, feature]) => [name, describe(feature)]);
        expected.push({ features: Object.fromEntries(described), pixels_hex: toHex(data) });
      }
      await denoFiles.write(`${folder}/shard`, encodeTfRecords(records, { compression }));
      await Deno.writeTextFile(`${folder}/expected.json`, JSON.stringify(expected));
      await runPython("records_interop.py", `${folder}/shard`, compression, `${folder}/expected.json`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
