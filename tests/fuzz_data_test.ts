/** Damaged data files give a result or a clear error, never a crash, a hang or a path outside; `tests/fuzz_data.ts` tries more. */
// @ts-types="../types/std_assert.d.ts"
import { assert, assertEquals } from "@std/assert";
import { fuzzTargets } from "./_fuzz_targets.ts";
import { fuzz } from "./fuzz_data.ts";

for (const [name, { seeds, read }] of Object.entries(fuzzTargets)) {
  Deno.test(`300 damaged files are read or refused: ${name}`, async () => {
    for (const bytes of seeds) await read(bytes); // the good ones are read
    const { results, errors, failures } = await fuzz(name, 300, 7);
    assertEquals(failures, []);
    assert(results > 0 && errors.size > 0, `${results} results, errors: ${[...errors.keys()]}`);
  });
}
