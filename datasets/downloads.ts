/**
 * Where the original files of the data sets are, and how to know them.
 *
 * A checksum is that of the *uncompressed* file, so that the same data passes whoever compressed it: mirrors, Debian's
 * package and a plain copy differ in their gzip bytes and not in their pictures. Those of MNIST are published with many
 * copies of it; those of Fashion-MNIST were computed from Debian's package.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** One original file. */
export interface OriginalFile {
  /** Name without `.gz`. */
  readonly name: string;
  /** Bytes when uncompressed. */
  readonly bytes: number;
  /** SHA-256 of the uncompressed file, in hexadecimal digits. */
  readonly sha256: string;
}

/** The original files of a data set. */
export interface Originals {
  /** Its files; `NAME.gz` at each mirror. */
  readonly files: readonly OriginalFile[];
  /** Addresses that the files' names are appended to, tried in this order. */
  readonly mirrors: readonly string[];
  /** Folders in which a system's package puts the files. */
  readonly systemFolders: readonly string[];
}

/** The four files of MNIST's format, in the order of {@linkcode Originals.files}: training, then test. */
function idxFiles(
  trainImages: string,
  trainLabels: string,
  testImages: string,
  testLabels: string,
): OriginalFile[] {
  return [
    { name: "train-images-idx3-ubyte", bytes: 47_040_016, sha256: trainImages },
    { name: "train-labels-idx1-ubyte", bytes: 60_008, sha256: trainLabels },
    { name: "t10k-images-idx3-ubyte", bytes: 7_840_016, sha256: testImages },
    { name: "t10k-labels-idx1-ubyte", bytes: 10_008, sha256: testLabels },
  ];
}

/** Originals by data set name. */
export const originals: Readonly<Record<"mnist" | "fashion_mnist", Originals>> = {
  mnist: {
    files: idxFiles(
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    mirrors: [
      "https://storage.googleapis.com/cvdf-datasets/mnist/",
      "https://ossci-datasets.s3.amazonaws.com/mnist/",
      "http://yann.lecun.com/exdb/mnist/",
    ],
    systemFolders: [],
  },
  fashion_mnist: {
    files: idxFiles(
      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    mirrors: [
      "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
      "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
    systemFolders: ["/usr/share/datasets/fashion-mnist"],
  },
};
