/**
 * Any folder of photos as a data set, without a conversion: `DIR/class/*.jpg`.
 *
 * This module is browser compatible.
 *
 * @module
 */

import { DataLossError, NotFoundError, reasonOf } from "../formats/errors.ts";
import { joinPath } from "../formats/paths.ts";
import { checkIndex, type Dataset, DEFAULT_CACHE_BYTES, keeping, type RecordSource } from "./dataset.ts";
import { decodeRecord } from "./picture_record.ts";
import { needPhotos, type Oddity, type Photo, type PhotoFolder, scanPhotos } from "./photo_folder.ts";
import { splitPhotos } from "./photo_split.ts";
import { findShards } from "./tfrecord_source.ts";
import { openRecordSplit, type SplitOptions, unknownSplit } from "./record_split.ts";

/** Name of such data sets in the factory. */
export const FOLDER_NAME = "folder";

const CHANNELS = 3;

const itemsToDescriptions = {
  image: "A coloured photo of any size",
  label: "The number of its class, in the order of their names",
};

/** How to open a folder. */
export interface FolderOptions extends SplitOptions {
  /** Called with what is odd about the photos. */
  report?: (oddities: readonly Oddity[]) => void;
}

/**
 * Opens a split of a folder of photos, or of the records that it was converted to.
 *
 * Photos are split into `train` and `validation` once; `split.csv` beside them keeps who is what, and can be edited.
 *
 * @param path the folder, or a table `*.csv` of files and classes; see {@linkcode scanPhotos}
 * @throws {RangeError} if there is no photo in the split
 * @throws {NotFoundError} if there is neither a photo nor a record
 */
export async function getFolderSplit(
  splitName: string,
  path: string,
  options: FolderOptions,
): Promise<Dataset> {
  const { files, filePattern = `${FOLDER_NAME}_%s_*.tfrecord`, cacheBytes, report = () => {} } = options;
  let folder: PhotoFolder;
  try {
    folder = await scanPhotos(files, path);
    if (folder.photos.length === 0) report(folder.oddities);
    needPhotos(folder);
  } catch (thrown) {
    if (!(thrown instanceof NotFoundError)) throw thrown;
    if ((await findShards(files, path, filePattern, "*")).length === 0) throw await hintAtRecords(thrown);
    const descriptor = {
      name: FOLDER_NAME,
      splits: await splitsOfShards(),
      filePattern,
      channels: CHANNELS,
      itemsToDescriptions,
    } as const;
    return await openRecordSplit(descriptor, splitName, path, { ...options, filePattern });
  }
  const { splits, oddities } = await splitPhotos(files, folder);
  report([...folder.oddities, ...oddities]);
  const photos = folder.photos.filter((_, i) => splits[i] === splitName);
  if (photos.length === 0) {
    throw unknownSplit(`"${path}"`, splitName, [...new Set(splits)].filter((split) => split !== "").sort());
  }
  const source = photoSource(photos, folder.directory, options);
  const decodedBytes = photos.reduce(
    (sum, { header: { height, width } }) => sum + height * width * CHANNELS,
    0,
  );
  const fits = decodedBytes <= (cacheBytes ?? DEFAULT_CACHE_BYTES);
  return {
    name: FOLDER_NAME,
    splitName,
    files: [],
    numSamples: photos.length,
    numClasses: folder.classNames.length,
    labelsToNames: new Map(folder.classNames.entries()),
    channels: CHANNELS,
    itemsToDescriptions,
    source: fits ? keeping(source, Infinity) : source,
  };

  /** Where records of a data set of its own lie instead of photos, the error says how to open them. */
  async function hintAtRecords(error: NotFoundError): Promise<NotFoundError> {
    const names = await files.list(path);
    const name =
      names.map((name) => name.match(/^([a-z0-9]+)_.+\.tfrecord$/)?.[1]).find((name) => name !== undefined) ??
        (names.some((name) => /^(train|validation)-\d{5}-of-\d{5}$/.test(name)) ? "imagenet" : undefined);
    if (name === undefined) return error;
    return new NotFoundError(
      `Cannot find photos in "${path}": it holds records, which need a name; add --dataset_name=${name}`,
      path,
      { cause: error },
    );
  }

  async function splitsOfShards(): Promise<string[]> {
    const names = await files.list(path);
    return [
      ...new Set(
        names.flatMap((name) => name.match(/^folder_([\w-]+)_\d{5}-of-\d{5}\.tfrecord$/)?.[1] ?? []),
      ),
    ];
  }
}

function photoSource(
  photos: readonly Photo[],
  directory: string,
  options: SplitOptions,
): RecordSource {
  const source: RecordSource = {
    size: photos.length,
    async get(index, choosePart) {
      checkIndex(source, index);
      const { file, label } = photos[index], path = joinPath(directory, file);
      const encoded = await options.files.read(path);
      try {
        return await decodeRecord({ encoded, label }, CHANNELS, options, choosePart);
      } catch (thrown) {
        throw new DataLossError(`Cannot decode "${path}": ${reasonOf(thrown)}`, { path }, { cause: thrown });
      }
    },
    label: (index) => Promise.resolve(photos[index].label),
    describe: (index) => `photo ${index}, "${joinPath(directory, photos[index].file)}"`,
  };
  return source;
}
