/** ImageNet in miniature for tests: its originals as archives, and the flags that describe it. */

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
