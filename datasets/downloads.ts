/**
 * Where the original files of the data sets are, and how to know them.
 *
 * A checksum is that of the *uncompressed* file, so that the same data passes whoever compressed it: mirrors, Debian's
 * package and a plain copy differ in their gzip bytes and not in their pictures. Those of MNIST are published with many
 * copies of it; those of Fashion-MNIST were computed from Debian's package. Archives are kept as they were published, and
 * so are their checksums: those of TensorFlow Datasets, of Keras and of Yocto's recipes.
 *
 * This module is browser compatible.
 *
 * @module
 */

/** One original file. */
export interface OriginalFile {
  /** Name; that of a file which is no archive without `.gz`. */
  readonly name: string;
  /** Bytes when uncompressed; of an archive as it is. */
  readonly bytes: number;
  /** SHA-256 of the same bytes, in hexadecimal digits. */
  readonly sha256: string;
  /** Whether it is an archive, which is neither unpacked nor packed. */
  readonly isArchive?: boolean;
  /** Another file with the same content, for where this one cannot be had. */
  readonly alternative?: OriginalFile;
}

/** The names that a file may have here, the one at the mirrors first. */
export function namesOf({ name, isArchive }: OriginalFile): string[] {
  return isArchive ? [name] : [`${name}.gz`, name];
}

/** The original files of a data set. */
export interface Originals {
  /** Its files. */
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
export const originals: Readonly<Record<"mnist" | "fashion_mnist" | "cifar10" | "flowers", Originals>> = {
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
  cifar10: {
    files: [{
      name: "cifar-10-python.tar.gz",
      bytes: 170_498_071,
      sha256: "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
      isArchive: true,
      alternative: {
        name: "cifar-10-binary.tar.gz",
        bytes: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        isArchive: true,
      },
    }],
    mirrors: [
      "https://www.cs.toronto.edu/~kriz/",
      "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ],
    systemFolders: [],
  },
  flowers: {
    files: [{
      name: "flower_photos.tgz",
      bytes: 228_813_984,
      sha256: "4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
      isArchive: true,
    }],
    mirrors: [
      "https://storage.googleapis.com/download.tensorflow.org/example_images/",
      "http://download.tensorflow.org/example_images/",
    ],
    systemFolders: [],
  },
};
