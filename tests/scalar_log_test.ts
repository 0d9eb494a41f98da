// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { type Files, memoryFiles } from "../formats/files.ts";
import { ScalarLog } from "../formats/scalar_log.ts";

const text = async (files: Files, name: string) => new TextDecoder().decode(await files.read(`run/${name}`));
const bytes = (content: string) => new TextEncoder().encode(content);

Deno.test("ScalarLog writes a table with quoted tags, and JSON line by line", async () => {
  const files = memoryFiles(), log = await ScalarLog.open(files, "run");
  log.add({ step: 2 ** 40, wallTime: 1795416653.25, tag: "verlust/größe", value: 0.1 });
  log.add({ step: 2, wallTime: 3, tag: 'a "b", c', value: NaN });
  log.add({ step: 3, wallTime: 4, tag: "loss", value: -Infinity });
  assertEquals(await files.list("run"), []);
  await log.flush();
  assertEquals(
    await text(files, "scalars.csv"),
    `step,wall_time,tag,value
1099511627776,1795416653.25,verlust/größe,0.1
2,3,"a ""b"", c",NaN
3,4,loss,-Infinity
`,
  );
  assertEquals(
    await text(files, "scalars.jsonl"),
    `{"step":1099511627776,"wall_time":1795416653.25,"tag":"verlust/größe","value":0.1}
{"step":2,"wall_time":3,"tag":"a \\"b\\", c","value":"NaN"}
{"step":3,"wall_time":4,"tag":"loss","value":"-Infinity"}
`,
  );
});

Deno.test("ScalarLog goes on where a run was killed: the header once, no half row", async () => {
  const files = memoryFiles({
    "run/scalars.csv": bytes("step,wall_time,tag,value\n1,2,loss,0.5\n2,3,lo"),
    "run/scalars.jsonl": bytes('{"step":1'),
  });
  for (const step of [3, 4]) {
    const log = await ScalarLog.open(files, "run");
    log.add({ step, wallTime: 2, tag: "loss", value: 1 });
    await log.flush();
  }
  assertEquals(
    await text(files, "scalars.csv"),
    "step,wall_time,tag,value\n1,2,loss,0.5\n3,2,loss,1\n4,2,loss,1\n",
  );
  assertEquals(
    (await text(files, "scalars.jsonl")).trim().split("\n").map((line) => JSON.parse(line).step),
    [3, 4],
  );
});
