import type { WriteStream } from "node:tty";
import { styleText } from "node:util";

/** What a person sees in the terminal; the only place that writes to it. */
export interface Terminal {
  /** Results: standard output, so that they can be piped. */
  line(text?: string): void;
  heading(text: string): void;
  /** One thing done or checked. */
  item(state: "ok" | "warning" | "failed", text: string): void;
  /** What takes a while: standard error; overwritten in place where the terminal can. */
  progress(text: string): void;
  /** Removes an unfinished progress line. */
  endProgress(): void;
  error(text: string): void;
}

type Output = Pick<WriteStream, "write"> & { readonly isTTY?: boolean };

const STATES = {
  ok: { mark: "✓", word: "ok", style: "green" },
  warning: { mark: "!", word: "warning", style: "yellow" },
  failed: { mark: "✗", word: "failed", style: "red" },
} as const;

export function createTerminal(
  output: Output = process.stdout,
  errors: Output = process.stderr,
): Terminal {
  let unfinished = false;
  const plain = process.env.NO_COLOR !== undefined || output.isTTY !== true;
  const styled = (style: Parameters<typeof styleText>[0], text: string) =>
    plain ? text : styleText(style, text, { validateStream: false });

  const terminal: Terminal = {
    line(text = "") {
      terminal.endProgress();
      output.write(`${text}\n`);
    },
    heading(text) {
      terminal.line();
      terminal.line(styled("bold", text));
    },
    item(state, text) {
      const { mark, word, style } = STATES[state];
      terminal.line(`${styled(style, plain ? word.padEnd(7) : mark)} ${text}`);
    },
    progress(text) {
      if (errors.isTTY === true) {
        terminal.endProgress();
        errors.write(text);
        unfinished = true;
      } else {
        errors.write(`${text}\n`);
      }
    },
    endProgress() {
      if (!unfinished) return;
      errors.write("\r\u001b[2K");
      unfinished = false;
    },
    error(text) {
      terminal.endProgress();
      errors.write(`${text}\n`);
    },
  };
  return terminal;
}

export const terminal = createTerminal();
