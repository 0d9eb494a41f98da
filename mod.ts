/**
 * wgslim: image classification for Deno and the browser, on WebGPU.
 *
 * A net is recorded once on a tape; gradients append to it; a compiled program runs it.
 *
 * ```ts
 * import { configureOptimizer, getDataset, requestGpu, Trainer } from "./mod.ts";
 *
 * const gpu = await requestGpu();
 * const dataset = await getDataset({ splitName: "train" }); // the embedded sample of Fashion-MNIST
 * const trainer = await Trainer.create(gpu, dataset, {
 *   modelName: "lenet",
 *   numClasses: dataset.numClasses,
 *   batchSize: 32,
 *   optimizer: configureOptimizer({ optimizer: "momentum" }),
 *   learningRate: () => 0.005,
 * });
 * for await (const { step, losses } of trainer.train({ until: 10 })) console.log(step, losses);
 * ```
 *
 * This module is browser compatible: in Deno, `host/drivers.ts` opens machines without a Vulkan driver as well.
 *
 * @module
 */
export { convertCifar10 } from "./datasets/convert_cifar10.ts";
export { convertMnist } from "./datasets/convert_mnist.ts";
export { convertFlowers, convertFolder } from "./datasets/convert_photos.ts";
export * from "./datasets/dataset.ts";
export * from "./datasets/dataset_factory.ts";
export { decodeHere, decodePicture, type PictureDecoder } from "./datasets/decode_picture.ts";
export * from "./datasets/decode_pool.ts";
export * from "./datasets/order.ts";
export { type Oddity, type Photo, type PhotoFolder, scanPhotos } from "./datasets/photo_folder.ts";
export * from "./datasets/reader.ts";
export * from "./datasets/sample.ts";
export * from "./export/graph_def/export.ts";
export * from "./export/metadata.ts";
export * from "./export/onnx/export.ts";
export type { BestCheckpoint, Score } from "./formats/checkpoint/best_checkpoint.ts";
export * from "./formats/checkpoint/checkpoint_manager.ts";
export * from "./formats/checkpoint/checkpoint_state.ts";
export { openCheckpoint } from "./formats/checkpoint/open.ts";
export * from "./formats/checkpoint/reader.ts";
export * from "./formats/checkpoint/tensor.ts";
export * from "./formats/checkpoint/writer.ts";
export * from "./formats/errors.ts";
export * from "./formats/events/event.ts";
export * from "./formats/events/event_writer.ts";
export * from "./formats/events/histogram.ts";
export * from "./formats/events/image_summary.ts";
export * from "./formats/events/summary.ts";
export * from "./formats/example.ts";
export * from "./formats/files.ts";
export * from "./formats/graph_def/graph_def.ts";
export * from "./formats/jpeg.ts";
export * from "./formats/onnx/read.ts";
export * from "./formats/onnx/write.ts";
export type { Box } from "./formats/pixels.ts";
export * from "./formats/png.ts";
export * from "./formats/scalar_log.ts";
export * from "./formats/tfrecord.ts";
export * from "./gpu/adapter.ts";
export * from "./gpu/errors.ts";
export * from "./gpu/executor.ts";
export * from "./gpu/gpu.ts";
export * from "./gpu/open.ts";
export { freezeGraph, type FreezeOptions } from "./graphs/graph_def/freeze.ts";
export { recordGraph, type RecordOptions } from "./graphs/graph_def/record.ts";
export { type GraphSummary, summarizeGraph } from "./graphs/graph_def/summarize.ts";
export * from "./graphs/onnx/input.ts";
export * from "./graphs/onnx/record.ts";
export * from "./layers/arguments.ts";
export * from "./layers/initializers.ts";
export * from "./layers/layers.ts";
export * from "./layers/scope.ts";
export * from "./nets/net.ts";
export * from "./nets/nets_factory.ts";
export * from "./preprocessing/augmentation.ts";
export * from "./preprocessing/batch_images.ts";
export * from "./preprocessing/color_changes.ts";
export * from "./preprocessing/distorted_box.ts";
export * from "./preprocessing/draw_boxes.ts";
export * from "./preprocessing/preprocessing.ts";
export * from "./preprocessing/preprocessing_factory.ts";
export * from "./preprocessing/rand_augment.ts";
export * from "./preprocessing/resize_taps.ts";
export * from "./preprocessing/sampling.ts";
export * from "./preprocessing/views.ts";
export * from "./random/philox.ts";
export * from "./tape/compile.ts";
export * from "./tape/cost.ts";
export * from "./tape/gradients.ts";
export * from "./tape/ops/activations.ts";
export * from "./tape/ops/arrange.ts";
export * from "./tape/ops/batch_norm.ts";
export * from "./tape/ops/conv2d.ts";
export * from "./tape/ops/depthwise_conv2d.ts";
export * from "./tape/ops/dropout.ts";
export * from "./tape/ops/history.ts";
export * from "./tape/ops/image.ts";
export * from "./tape/ops/losses.ts";
export * from "./tape/ops/lrn.ts";
export * from "./tape/ops/matmul.ts";
export * from "./tape/ops/multiply.ts";
export * from "./tape/ops/pointwise.ts";
export * from "./tape/ops/pool.ts";
export * from "./tape/ops/resize.ts";
export type * from "./tape/memory.ts";
export * from "./tape/origin.ts";
export * from "./tape/parameter_layout.ts";
export * from "./tape/parameters.ts";
export * from "./tape/plan.ts";
export * from "./tape/profile.ts";
export * from "./tape/program.ts";
export * from "./tape/questions.ts";
export * from "./tape/stored_choices.ts";
export * from "./tape/tape.ts";
export * from "./tape/tune.ts";
export type { Update } from "./tape/updates.ts";
export * from "./training/checkpoints.ts";
export * from "./training/classifier.ts";
export * from "./training/description.ts";
export * from "./training/evaluation_loop.ts";
export * from "./training/evaluator.ts";
export * from "./training/exported_classifier.ts";
export * from "./training/feeding.ts";
export { type FineTuningPlan, inScopes, planFineTuning } from "./training/fine_tuning.ts";
export * from "./training/learning_rate.ts";
export * from "./training/losses.ts";
export * from "./training/metrics.ts";
export * from "./training/moving_averages.ts";
export * from "./training/optimizers.ts";
export * from "./training/predictor.ts";
export * from "./training/step.ts";
export * from "./training/summary_tags.ts";
export * from "./training/trainer.ts";
