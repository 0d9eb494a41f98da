/**
 * The plot of the loss over the steps: every step's, and their moving mean.
 *
 * @module
 */
import uPlot from "npm:uplot@1.6.32";
import css from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);
document.adoptedStyleSheets.push(sheet);

/** Share of each new loss in the moving mean. */
const MEAN_SHARE = 0.05;

const HEIGHT = 260;

/** Draws losses into an element and follows its width. */
export class LossPlot {
  /** Loss of each step so far. */
  readonly losses: number[] = [];
  readonly #steps: number[] = [];
  readonly #means: number[] = [];
  readonly #plot: uPlot;

  constructor(readonly element: HTMLElement) {
    const color = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
    const axis = {
      stroke: color("--text"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { stroke: color("--line") },
    };
    const number = (_: uPlot, value: number | null) => value === null ? "" : value.toPrecision(4);
    this.#plot = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false }, y: { range: (_plot, _least, most) => [0, 1.05 * (most || 3)] } },
        axes: [axis, axis],
        series: [
          { label: "step" },
          { label: "loss", stroke: color("--faint"), width: 1, value: number },
          { label: "moving mean", stroke: color("--accent"), width: 2, value: number },
        ],
      },
      this.#data(),
      element,
    );
    new ResizeObserver(() => this.#plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(
      element,
    );
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#plot.redraw());
  }

  /** Moving mean of the losses; undefined before the first. */
  get mean(): number | undefined {
    return this.#means.at(-1);
  }

  /** Appends the losses of the next steps. */
  add(losses: Iterable<number>): void {
    for (const loss of losses) {
      const mean = this.mean ?? loss;
      this.losses.push(loss);
      this.#steps.push(this.losses.length);
      this.#means.push(mean + Math.max(MEAN_SHARE, 1 / this.losses.length) * (loss - mean));
    }
    this.#plot.setData(this.#data());
  }

  /** Forgets everything. */
  clear(): void {
    for (const list of [this.losses, this.#steps, this.#means]) list.length = 0;
    this.#plot.setData(this.#data());
  }

  #data(): uPlot.AlignedData {
    return [this.#steps, this.losses, this.#means];
  }
}
