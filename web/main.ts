/**
 * The page: settings and buttons in, progress and results out. The training itself runs in worker.ts.
 *
 * @module
 */
import { showExamples } from "./gallery.ts";
import { LossPlot } from "./loss_plot.ts";
import type { Command, Notice, Settings } from "./protocol.ts";

/** What the page shows: nothing yet, work in progress, a pause asked for, a pause, an end good or bad. */
type State = "idle" | "running" | "pausing" | "paused" | "done" | "failed";

/** The element of an id, which must be of a class. */
function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`Cannot find #${id}: index.html has no such ${type.name}`);
}

const form = find("settings", HTMLFormElement);
const button = find("go", HTMLButtonElement);
const status = find("status", HTMLElement);
const failure = find("failure", HTMLElement);
const saveLosses = find("save-losses", HTMLButtonElement);
const saveCheckpoint = find("save-checkpoint", HTMLButtonElement);
const plot = new LossPlot(find("plot", HTMLElement));

const captions: Record<State, string> = {
  idle: "Start training",
  running: "Pause",
  pausing: "Pausing…",
  paused: "Go on",
  done: "Train again",
  failed: "Try again",
};

let state: State = "idle";
let worker: Worker | undefined;
let steps = 0;

function enter(next: State): void {
  state = next;
  document.body.dataset.state = state;
  button.textContent = captions[state];
  button.disabled = state === "pausing";
  const isBusy = state === "running" || state === "pausing";
  find("fields", HTMLFieldSetElement).disabled = isBusy || state === "paused";
  saveCheckpoint.disabled = state !== "paused" && state !== "done";
}

function show(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

function send(command: Command): void {
  worker?.postMessage(command);
}

function readSettings(): Settings {
  const number = (name: string) => find(name, HTMLInputElement).valueAsNumber;
  return {
    steps: number("steps"),
    batchSize: number("batch-size"),
    learningRate: number("learning-rate"),
    seed: number("seed"),
    testImages: number("test-images"),
    variant: new URLSearchParams(location.search).get("variant")?.split(",") ?? [],
  };
}

/** Starts afresh in a worker of its own: the old one takes its device memory with it. */
function start(): void {
  worker?.terminate();
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<Notice>) => react(data));
  worker.addEventListener(
    "error",
    ({ message }) => fail(message || "Cannot load worker.js; reload the page"),
  );
  const settings = readSettings();
  steps = settings.steps;
  plot.clear();
  failure.hidden = true;
  saveLosses.disabled = true;
  find("results", HTMLElement).hidden = true;
  for (const id of ["step", "loss", "speed"]) show(id, "–");
  status.textContent = "Opening the device and loading the images…";
  enter("running");
  send({ kind: "train", settings });
}

function fail(message: string): void {
  worker?.terminate();
  failure.textContent = message;
  failure.hidden = false;
  status.textContent = "Stopped";
  enter("failed");
}

function react(notice: Notice): void {
  switch (notice.kind) {
    case "opened":
      show("adapter", notice.isSoftware ? `${notice.adapter} (software, slow)` : notice.adapter);
      break;
    case "compiling":
      if (plot.losses.length === 0) status.textContent = `Compiling kernels: ${notice.done} of ${notice.of}`;
      break;
    case "trained":
      plot.add(notice.losses);
      show("step", `${notice.step} of ${steps}`);
      show("loss", plot.mean?.toPrecision(3) ?? "–");
      show("speed", Math.round(notice.imagesPerSecond).toLocaleString());
      saveLosses.disabled = false;
      if (state === "running") status.textContent = "Training";
      break;
    case "paused":
      status.textContent = "Paused";
      enter("paused");
      break;
    case "evaluating":
      status.textContent = `Testing: batch ${notice.done} of ${notice.of}`;
      break;
    case "evaluated":
      find("results", HTMLElement).hidden = false;
      show("accuracy", `${(100 * notice.accuracy).toFixed(1)}%`);
      show("images", notice.images.toLocaleString());
      showExamples(find("examples", HTMLElement), notice.examples);
      status.textContent = "Done";
      enter("done");
      break;
    case "saved":
      download(notice.name, new Blob([notice.zip], { type: "application/zip" }));
      saveCheckpoint.disabled = false;
      break;
    case "failed":
      fail(notice.message);
  }
}

function download(name: string, blob: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may take a while to begin
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (state === "running") {
    enter("pausing");
    send({ kind: "pause" });
  } else if (state === "paused") {
    enter("running");
    send({ kind: "resume" });
  } else if (form.reportValidity()) start();
});
saveLosses.addEventListener("click", () => {
  const rows = plot.losses.map((loss, i) => `${i + 1},${loss}\n`);
  download("losses.csv", new Blob(["step,loss\n", ...rows], { type: "text/csv" }));
});
saveCheckpoint.addEventListener("click", () => {
  saveCheckpoint.disabled = true; // until it is there
  send({ kind: "save" });
});

enter("idle");
status.textContent = "Ready";
