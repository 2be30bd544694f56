/** Where is a stampede shown? On a terminal in place, line below line elsewhere. */
import { type Progress, renderLine, renderView } from "./view.ts";

const TERMINAL_EVERY_MS = 250;
const LINE_EVERY_MS = 1_000;
/** Of a terminal that does not tell its own. */
const WIDTH = 80;

/** Shows progress again and again until it is closed. */
export class Screen {
  readonly #isTerminal = Deno.stdout.isTerminal();
  readonly #progress: () => Progress;
  readonly #timer: ReturnType<typeof setInterval>;
  /** Lines that stand on the terminal. */
  #drawn = 0;

  /** @param look called before each showing, to find out what a node has to tell; never throws */
  constructor(progress: () => Progress, look: () => Promise<void>) {
    this.#progress = progress;
    let looking = false;
    this.#timer = setInterval(() => {
      this.#show();
      if (looking) return;
      looking = true;
      look().then(() => looking = false);
    }, this.#isTerminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS);
  }

  /** Shows it a last time, in full. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#isTerminal) this.#draw();
    else console.log(renderView(this.#progress(), Infinity).join("\n"));
  }

  #show(): void {
    if (this.#isTerminal) this.#draw();
    else console.log(renderLine(this.#progress()));
  }

  #draw(): void {
    const { columns } = Deno.consoleSize();
    const lines = renderView(this.#progress(), (columns || WIDTH) - 1);
    const back = this.#drawn === 0 ? "" : `\x1b[${this.#drawn}A\x1b[J`;
    this.#drawn = lines.length;
    Deno.stdout.writeSync(new TextEncoder().encode(`${back}${lines.join("\n")}\n`));
  }
}
