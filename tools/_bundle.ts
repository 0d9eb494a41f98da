/**
 * Scripts for browsers, made of this repository's modules.
 *
 * @module
 */

/** One script with everything that it imports. Needs `--unstable-bundle`; Deno fetches its bundler once. */
export async function bundleScript(entry: string, options: { minify?: boolean } = {}): Promise<string> {
  const { pathname } = new URL(`../${entry}`, import.meta.url);
  if (!("bundle" in Deno)) throw new Error(`Cannot bundle ${entry}: run deno with --unstable-bundle`);
  const { errors, outputFiles } = await Deno.bundle({
    entrypoints: [decodeURIComponent(pathname)],
    platform: "browser",
    sourcemap: options.minify ? undefined : "inline", // for the browser's debugger
    minify: options.minify,
    outputDir: ".", // names the file; nothing is written
    write: false,
  });
  const [file] = outputFiles ?? [];
  if (file) return file.text();
  throw new Error(`Cannot bundle ${entry}: ${errors.map((error) => error.text).join("; ")}`);
}
