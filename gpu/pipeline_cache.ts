/**
 * Compiled pipelines, one for each text and set of constants.
 *
 * This module is browser compatible.
 * @module
 */
import { GpuError } from "./errors.ts";

/** A shader with the values of its `override` constants; its entry point is called `main`. */
export interface PipelineSource {
  label: string;
  code: string;
  constants?: Record<string, number>;
}

/** Told how many pipelines are ready, how many were asked for, and which changed last. */
export type PipelineProgress = (ready: number, requested: number, label: string) => void;

/** Makes pipelines concurrently; equal requests share one. */
export class PipelineCache {
  #device: GPUDevice;
  #isStandard: boolean;
  #progress: PipelineProgress | undefined;
  #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  #layouts = new WeakMap<GPUComputePipeline, GPUBindGroupLayout[]>();
  #ready = 0;
  #requested = 0;

  /** `isStandard`: the adapter lists subgroups. Deno 2.9 does not, and its compiler refuses the directive for them. */
  constructor(device: GPUDevice, isStandard: boolean, progress?: PipelineProgress) {
    this.#device = device;
    this.#isStandard = isStandard;
    this.#progress = progress;
  }

  /** The pipeline for a source. @throws {GpuError} of kind "shader" */
  get(source: PipelineSource): Promise<GPUComputePipeline> {
    const constants = Object.entries(source.constants ?? {}).sort(([a], [b]) => a < b ? -1 : 1);
    const key = `${JSON.stringify(constants)}\n${source.code}`;
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      this.#progress?.(this.#ready, ++this.#requested, source.label);
      pipeline = this.#make(source);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Layout of a group, asked of the pipeline once. */
  layout(pipeline: GPUComputePipeline, group: number): GPUBindGroupLayout {
    const layouts = this.#layouts.get(pipeline) ?? [];
    this.#layouts.set(pipeline, layouts);
    return layouts[group] ??= pipeline.getBindGroupLayout(group);
  }

  /** The text with the directive that the language asks for where it uses subgroups. */
  #withDirectives(code: string): string {
    return this.#isStandard && /\bsubgroup[A-Z]/.test(code) ? `enable subgroups; ${code}` : code;
  }

  async #make({ label, code, constants }: PipelineSource): Promise<GPUComputePipeline> {
    const device = this.#device;
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ label, code: this.#withDirectives(code) });
    const refused = device.popErrorScope();
    const compute = { module, entryPoint: "main", constants };
    const made = device.createComputePipelineAsync({ label, layout: "auto", compute });
    try {
      const [pipeline] = await Promise.all([made, refused]);
      this.#progress?.(++this.#ready, this.#requested, label);
      return pipeline;
    } catch (cause) {
      const { messages } = await module.getCompilationInfo();
      const lines = code.split("\n");
      const found = messages.filter((m) => m.type === "error").map((m) => describeMessage(m, lines));
      const reason = cause instanceof Error ? cause.message : String(cause);
      const details = found.length > 0 ? found.join("\n") : reason.trim();
      throw new GpuError("shader", label, `Cannot compile shader ${label}: ${details}`, { cause });
    }
  }
}

/** One compiler message with its place and the line of the shader it speaks of. */
function describeMessage(message: GPUCompilationMessage, lines: string[]): string {
  const text = message.message.trim();
  const line = lines[message.lineNum - 1];
  const place = message.lineNum > 0 ? `line ${message.lineNum}:${message.linePos}: ` : "";
  const shown = line === undefined || text.includes(line.trim()) ? "" : `\n  ${line.trim()}`;
  return `${place}${text}${shown}`;
}
