/**
 * The record of a training: TensorBoard's events, and the same numbers as tables.
 *
 * @module
 */
import { eventFileName, EventWriter } from "../formats/events/event_writer.ts";
import { scalarOf, scalarSummary, type SummaryValue } from "../formats/events/summary.ts";
import { joinPath } from "../formats/paths.ts";
import { ScalarLog } from "../formats/scalar_log.ts";
import { denoFiles } from "../host/files.ts";

/** Writes into a directory; what is added lasts after {@linkcode TrainingLog.flush}. */
export class TrainingLog {
  private constructor(readonly events: EventWriter, readonly tables: ScalarLog) {}

  /** Opens a new file of events and goes on with the tables. `step` is the first step to come. */
  static async open(directory: string, step: number, graph?: Uint8Array): Promise<TrainingLog> {
    const path = joinPath(directory, eventFileName(Date.now() / 1000));
    const log = new TrainingLog(
      await EventWriter.open(denoFiles, path),
      await ScalarLog.open(denoFiles, directory),
    );
    if (graph) log.events.addGraph(graph);
    log.events.addSession("START", step);
    return log;
  }

  /** Adds numbers by tag. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    this.summaries(step, Object.entries(values).map(([tag, value]) => scalarSummary(tag, value)));
  }

  /** Adds any summaries; the tables get those that are numbers. */
  summaries(step: number, values: SummaryValue[]): void {
    this.events.addSummary(step, values);
    const wallTime = Date.now() / 1000;
    for (const summary of values) {
      const value = scalarOf(summary);
      if (value !== undefined) this.tables.add({ step, wallTime, tag: summary.tag, value });
    }
  }

  /** Appends everything to the files. */
  async flush(): Promise<void> {
    await Promise.all([this.events.flush(), this.tables.flush()]);
  }
}
