/**
 * The embedded driver: Google's SwiftShader, a Vulkan that runs on any x86-64 Linux, from an npm package.
 *
 * @module
 */
import { installHint } from "./install_hints.ts";
import { installPackagedFiles, isPackageSupported } from "./packaged_files.ts";

/** The parts of the package's archive that are unpacked, and the SHA-256 of each. */
const checksums: Readonly<Record<string, string>> = {
  "libvk_swiftshader.so": "5b9e8591c7c2d1c9618c3ad485d0cdffb81f5f1ffd6a982fdb6578c2d8d3213e",
  "libvulkan.so.1": "fe17a77c1f2df38d3b6a935140f746fd80aac564bb44eb3e4f6b75a504295a41",
  "vk_swiftshader_icd.json": "c9eef28b6b984fec220ef0abfecc40b502d46946706e47bfe97707027cb818bd",
};

/** True where the embedded driver's machine code runs. */
export function isEmbeddedDriverSupported(): boolean {
  return isPackageSupported();
}

/**
 * Unpacks the driver into the cache directory, unless it is there already and whole, and returns its directory.
 *
 * @throws {Error} where the machine is another, the package cannot be fetched, or the cache cannot be written
 */
export async function installEmbeddedDriver(): Promise<string> {
  if (!isEmbeddedDriverSupported()) {
    const { os, arch } = Deno.build;
    throw new Error(
      `Cannot use the embedded driver: it is built for x86-64 Linux and this is ${arch} ${os}; use --adapter=gpu or ` +
        "--adapter=system",
    );
  }
  return await installPackagedFiles({
    name: "the embedded driver",
    alternative: installHint("software"),
    directory: "swiftshader",
    archives: ["bin/swiftshader.tar.br"],
    checksums,
  });
}
