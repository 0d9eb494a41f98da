/**
 * The page of an exported model: a photo in, its likeliest classes out.
 *
 * The model lies beside the page as `model.safetensors`; see tools/export.ts, `--format=web`.
 *
 * @module
 */
import { ExportedClassifier, memoryFiles, openCheckpoint, requestGpu } from "../mod.ts";

const MODEL = "model.safetensors";

/** Classes to show. */
const SHOWN = 5;

/** The element of an id, which must be of a class. */
function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`Cannot find #${id}: index.html has no such ${type.name}`);
}

const status = find("status", HTMLElement), failure = find("failure", HTMLElement);
const photo = find("photo", HTMLInputElement), preview = find("preview", HTMLImageElement);

function say(text: string): void {
  status.textContent = text;
}

function fail(error: unknown): void {
  failure.textContent = error instanceof Error ? error.message : String(error);
  failure.hidden = false;
  say("");
}

/** Fetches the model, telling how much of it is here. */
async function fetchModel(): Promise<Uint8Array> {
  const response = await fetch(MODEL);
  if (!response.ok || !response.body) {
    throw new Error(`Cannot load ${MODEL}: the server says ${response.status}`);
  }
  const size = Number(response.headers.get("content-length")) || Infinity, parts: BlobPart[] = [];
  let loaded = 0;
  const collect = new WritableStream<Uint8Array<ArrayBuffer>>({
    write(chunk) {
      parts.push(chunk);
      loaded += chunk.length;
      say(`Loading the model: ${Math.min(100, Math.floor(100 * loaded / size))}%`);
    },
  });
  await response.body.pipeTo(collect);
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

async function open(): Promise<ExportedClassifier> {
  const gpu = await requestGpu({ onPipeline: (ready, of) => say(`Compiling kernels: ${ready} of ${of}`) });
  const reader = await openCheckpoint(memoryFiles({ [MODEL]: await fetchModel() }), MODEL);
  return await ExportedClassifier.open(gpu, reader);
}

async function show(classifier: ExportedClassifier, file: Blob): Promise<void> {
  failure.hidden = true;
  document.body.dataset.state = "running";
  say("Classifying…");
  try {
    const start = performance.now();
    const scores = await classifier.classify(new Uint8Array(await file.arrayBuffer()));
    say(`${Math.round(performance.now() - start)} ms`);
    URL.revokeObjectURL(preview.src);
    preview.src = URL.createObjectURL(file);
    find("scores", HTMLElement).replaceChildren(
      ...scores.slice(0, SHOWN).map(({ name, score }) => {
        const item = document.createElement("li"), bar = document.createElement("meter");
        bar.value = score;
        item.append(`${name}: ${(100 * score).toFixed(1)}% `, bar);
        return item;
      }),
    );
    find("result", HTMLElement).hidden = false;
  } catch (error) {
    fail(error);
  }
  document.body.dataset.state = "ready";
}

try {
  const classifier = await open();
  find("title", HTMLElement).textContent =
    `${classifier.modelName} tells ${classifier.labels.length} classes apart`;
  const classify = (files: FileList | undefined | null) => {
    if (files?.[0]) show(classifier, files[0]);
  };
  photo.addEventListener("change", () => classify(photo.files));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    classify(event.dataTransfer?.files);
  });
  photo.disabled = false;
  say("Ready");
  document.body.dataset.state = "ready";
} catch (error) {
  fail(error);
}
