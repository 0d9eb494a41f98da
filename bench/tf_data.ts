/**
 * TensorFlow's tf.data in a process of its own, timed a round at a time.
 *
 * @module
 */

/** A running `decoding_reference.py`. */
export class TfData implements AsyncDisposable {
  private constructor(
    readonly version: string,
    readonly process: Deno.ChildProcess,
    readonly input: WritableStreamDefaultWriter<Uint8Array>,
    readonly lines: AsyncIterator<string>,
  ) {}

  /** Starts it: it writes pictures, boxes and pixels into a folder. */
  static async start(python: string, folder: string): Promise<TfData> {
    const script = new URL("decoding_reference.py", import.meta.url).pathname;
    const process = new Deno.Command(python, {
      args: [script, folder],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = linesOf(process.stdout);
    const { value: version = "", done } = await lines.next();
    if (done) throw new Error(`Cannot time tf.data: ${python} ${script} ended; does it have tensorflow?`);
    return new TfData(version, process, process.stdin.getWriter(), lines);
  }

  /** Images a second by way. */
  async round(): Promise<Record<string, number>> {
    await this.input.write(new TextEncoder().encode("\n"));
    const speeds: Record<string, number> = JSON.parse((await this.lines.next()).value);
    return Object.fromEntries(
      Object.entries(speeds).map(([way, speed]) => [`tf.data, 1 thread: ${way}`, speed]),
    );
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.input.close();
    await this.process.status;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
