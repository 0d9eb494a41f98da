/** ImageNet in miniature for tests: its originals as archives, and the flags that describe it. */

// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { archives } from "../datasets/imagenet/archives.ts";
import { gzip, tar, tarEntry } from "./_tar.ts";

/** Writes the three archives of a raw folder, the training pictures in an archive for each synset inside of theirs. */
export async function makeArchives(raw: string, folder: string): Promise<void> {
  const entriesOf = (directory: string, prefix = "") => {
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
    return names.map((name) => tarEntry(prefix + name, Deno.readFileSync(`${directory}/${name}`)));
  };
  const synsetsOf = (directory: string) => [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  const train = synsetsOf(`${raw}/train`).map((synset) =>
    tarEntry(`${synset}.tar`, tar(...entriesOf(`${raw}/train/${synset}`)))
  );
  const boxes = synsetsOf(`${raw}/bounding_boxes`).flatMap((synset) => [
    tarEntry(`./${synset}/`, "", { type: "5" }),
    ...entriesOf(`${raw}/bounding_boxes/${synset}`, `./${synset}/`),
  ]);
  await Deno.writeFile(`${folder}/${archives.train.name}`, tar(...train));
  await Deno.writeFile(`${folder}/${archives.validation.name}`, tar(...entriesOf(`${raw}/validation`)));
  await Deno.writeFile(`${folder}/${archives.boxes.name}`, await gzip(tar(...boxes)));
}

/** The flags that say which classes a raw folder has. */
export function classFlagsOf(raw: string): string[] {
  return [`--labels_file=${raw}/synsets.txt`, `--imagenet_metadata_file=${raw}/metadata.txt`];
}

/** The raw folder among the fixtures. */
export const raw = new URL("fixtures/imagenet/raw", import.meta.url).pathname;

/** The flags that convert it as the fixtures' records were made. */
export const miniature: readonly string[] = [
  ...classFlagsOf(raw),
  `--validation_labels_file=${raw}/validation_synset_labels.txt`,
  "--train_shards=4",
  "--validation_shards=2",
  "--num_threads=2",
];

/** The files in a folder, without those in folders inside of it. */
export async function contentsOf(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) files.set(name, await Deno.readFile(`${folder}/${name}`));
  }
  return files;
}

/** Fails unless two folders have the same files with the same bytes. */
export function assertSameFiles(
  actual: ReadonlyMap<string, Uint8Array>,
  expected: ReadonlyMap<string, Uint8Array>,
  what: string,
): void {
  assertEquals([...actual.keys()].sort(), [...expected.keys()].sort(), what);
  for (const [name, bytes] of actual) assertEquals(bytes, expected.get(name), `${name}, ${what}`);
}
