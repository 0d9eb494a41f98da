/** Tools as users run them, in processes of their own, and folders for what they write. */

const root = new URL("../", import.meta.url).pathname;

/** Starts a tool with the permissions that its header asks for. */
export function spawn(tool: string, args: string[]): Deno.ChildProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-ffi"];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, `${root}tools/${tool}.ts`, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a tool to its end. */
export async function run(
  tool: string,
  args: string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await spawn(tool, args).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Runs a test in a folder of its own, which is removed after it. */
export async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
