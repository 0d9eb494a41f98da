// @ts-types="../types/std_assert.d.ts"
import { assertEquals } from "@std/assert";
import { summaryTags } from "../training/summary_tags.ts";

Deno.test("summaryTags() says what each tag shows, and makes tags unique whatever their case", () => {
  const tags = summaryTags({
    endPoints: ["Logits", "logits"],
    variables: ["Net/weights", "Net/weights_1"],
    losses: ["softmax_cross_entropy_loss/value"],
    hasRegularization: false,
  });
  assertEquals(tags, [
    { tag: "Losses/clone_loss", kind: "scalar", of: "clone_loss" },
    { tag: "activations/Logits", kind: "histogram", of: "activations", name: "Logits" },
    { tag: "sparsity/Logits", kind: "scalar", of: "sparsity", name: "Logits" },
    { tag: "activations/logits_1", kind: "histogram", of: "activations", name: "logits" },
    { tag: "sparsity/logits_1", kind: "scalar", of: "sparsity", name: "logits" },
    {
      tag: "losses/softmax_cross_entropy_loss/value",
      kind: "scalar",
      of: "loss",
      name: "softmax_cross_entropy_loss/value",
    },
    { tag: "Net/weights_2", kind: "histogram", of: "variable", name: "Net/weights" },
    { tag: "Net/weights_1_1", kind: "histogram", of: "variable", name: "Net/weights_1" },
    { tag: "learning_rate", kind: "scalar", of: "learning_rate" },
    { tag: "total_loss_1", kind: "scalar", of: "total_loss" },
  ]);
});

Deno.test("summaryTags() of several clones shows the losses of the first one under its scope", () => {
  const tags = summaryTags({
    endPoints: [],
    variables: [],
    losses: ["aux_loss/value"],
    hasRegularization: true,
    numClones: 4,
  });
  assertEquals(tags.map(({ tag }) => tag), [
    "clone_0/Losses/clone_0//clone_loss",
    "clone_0/Losses/regularization_loss",
    "losses/clone_0/aux_loss/value",
    "learning_rate",
    "total_loss_1",
  ]);
});
