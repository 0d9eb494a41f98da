/**
 * Workers that write ImageNet's records side by side.
 *
 * @module
 */

import type { ShardAnswer, ShardTask } from "./_imagenet_worker.ts";

/**
 * Has several workers write files of records, each one after another.
 *
 * After a failure no further file is begun; those that are being written are finished.
 *
 * @param tasks the files; asked for as workers become free
 * @param count how many workers
 * @param onDone called with each task and whether its file was written or kept, in the order in which they end
 * @throws {Error} with the first failure
 */
export async function writeInWorkers<T extends ShardTask>(
  tasks: Iterable<T>,
  count: number,
  onDone: (task: T, written: boolean) => void,
): Promise<void> {
  const iterator = tasks[Symbol.iterator]();
  let failure: string | undefined;
  await Promise.all(Array.from({ length: count }, async () => {
    using worker = startWorker();
    while (failure === undefined) {
      const { done, value: task } = iterator.next();
      if (done) return;
      const answer = await worker.write(task);
      if ("failure" in answer) failure ??= answer.failure;
      else onDone(task, answer.written);
    }
  }));
  if (failure !== undefined) throw new Error(failure);
}

function startWorker() {
  const worker = new Worker(new URL("./_imagenet_worker.ts", import.meta.url), { type: "module" });
  return {
    write({ path, images }: ShardTask): Promise<ShardAnswer> {
      const { promise, resolve } = Promise.withResolvers<ShardAnswer>();
      worker.onmessage = ({ data }: MessageEvent<ShardAnswer>) => resolve(data);
      worker.onerror = (event) => {
        event.preventDefault();
        resolve({ failure: `Cannot write "${path}": its worker ended: ${event.message}` });
      };
      worker.postMessage({ path, images });
      return promise;
    },
    [Symbol.dispose]: () => worker.terminate(),
  };
}
